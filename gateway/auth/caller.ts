import type { MspId } from '@d-cloud/chaincode/domain';
import type { Role, Scope } from './scopes.ts';

/** Who asks: a person of this gateway's own organization, known by the key they hold. */
export type Caller = {
  readonly organization: MspId;
  readonly role: Role;
  /** HMAC-SHA-256(organization secret, key name), hex: what the ledger shows of a person. */
  readonly person: string;
  /** Public part of the API key: for logs and rate limits. */
  readonly keyId: string;
  readonly scopes: ReadonlySet<Scope>;
};
