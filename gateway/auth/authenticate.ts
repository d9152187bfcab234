import type { MspId } from '@d-cloud/chaincode/domain';
import { Rejection } from '../http/problem.ts';
import type { ApiKeyStore } from './api-keys.ts';
import type { Caller } from './caller.ts';
import { roleScopes, type Scope } from './scopes.ts';

/** Finds who presents this `Authorization` header. Every way of being wrong gets the same 401. */
export function authenticate(
  header: string | undefined,
  store: ApiKeyStore,
  organization: MspId,
  keyedHash: (...parts: readonly string[]) => Uint8Array,
): Caller {
  const [, presented] = /^Bearer ([\x21-\x7e]{1,128})$/i.exec(header ?? '') ?? [];
  const entry = presented === undefined ? undefined : store.verify(presented);
  if (entry === undefined) {
    throw new Rejection('UNAUTHENTICATED', 'Send a live API key as Authorization: Bearer dck_….', {
      headers: { 'WWW-Authenticate': 'Bearer realm="d-cloud"' },
    });
  }
  return {
    organization,
    role: entry.role,
    person: Buffer.from(keyedHash('person', entry.name)).toString('hex'),
    keyId: entry.id,
    scopes: new Set<Scope>(roleScopes[entry.role]),
  };
}

export function requireScope(caller: Caller, scope: Scope): void {
  if (!caller.scopes.has(scope)) {
    throw new Rejection(
      'SCOPE_MISSING',
      `This needs the scope ${scope}; the key's role ${caller.role} does not have it.`,
    );
  }
}
