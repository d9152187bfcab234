import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type ApiKeyStore, isRole, keyedHash, openApiKeyStore, roleScopes } from '../../auth/index.ts';
import { layoutOf } from '../../supervisor/index.ts';
import { table } from '../output.ts';
import { wholeNumber } from '../parse-option.ts';
import type { Session } from '../session.ts';

type Options = { readonly directory: string; readonly role?: string };

const dayMs = 24 * 60 * 60 * 1000;

/**
 * Adds `key issue|list|rotate|revoke`. They open the organization's key store itself, so they work where its gateway's files are and
 * for who may read them; a running gateway knows the change at once.
 */
export function addKeyCommands(program: Command, session: Session, options: () => Options): void {
  const key = program
    .command('key')
    .description("issue, list, rotate and revoke API keys, on the gateway's own machine");
  const roles = Object.keys(roleScopes).join(', ');

  key
    .command('issue <name>')
    .description(`issue a key to a person or program, for the role of --role: ${roles}`)
    .option('--days <number>', 'days until it expires; never where it is left out', wholeNumber)
    .action(async (name: string, { days }: { days?: number }) => {
      const { role } = options();
      if (role === undefined || !isRole(role)) throw new Error(`Say which role the key is for, with --role: ${roles}`);
      using store = await keyStore(session, options());
      const expiresAt = days === undefined ? undefined : new Date(Date.now() + days * dayMs);
      tell(store.issue({ name, role, ...(expiresAt && { expiresAt }) }));
    });
  key
    .command('rotate <id>')
    .description('issue a second key for the same name and role; both work until one is revoked')
    .action(async (id: string) => {
      using store = await keyStore(session, options());
      tell(store.rotate(id));
    });
  key
    .command('revoke <id>')
    .description('end a key')
    .action(async (id: string) => {
      using store = await keyStore(session, options());
      if (!store.revoke(id)) throw new Error(`There is no live key ${id}: see dcloud key list`);
      session.output.result({ ok: true, revoked: id }, `${id} opens nothing any more`);
    });
  key
    .command('list')
    .description('the keys there are; their secrets are nowhere')
    .action(async () => {
      using store = await keyStore(session, options());
      const keys = store.list();
      session.output.result(
        { ok: true, keys },
        table(
          ['id', 'name', 'role', 'issued', 'last used', 'ends'],
          keys.map(({ id, name, role, issuedAt, lastUsedAt, expiresAt, revokedAt }) => [
            id,
            name,
            role,
            issuedAt,
            lastUsedAt ?? 'never',
            revokedAt === undefined ? (expiresAt ?? 'never') : `revoked ${revokedAt}`,
          ]),
        ),
      );
    });

  function tell({ id, name, role, secretKey }: ReturnType<ApiKeyStore['issue']>): void {
    session.output.result(
      { ok: true, id, name, role, key: secretKey },
      `${secretKey}\nKey ${id} of ${name}, role ${role}. It is shown this once.`,
    );
  }
}

async function keyStore(session: Session, { directory }: Options): Promise<ApiKeyStore> {
  const home = layoutOf(resolve(directory)).ofOrganization(await session.organization());
  return openApiKeyStore(home.apiKeys, {
    keyedHash: keyedHash(await readFile(home.organizationSecret)),
    random: randomBytes,
    clock: { now: () => new Date() },
  });
}
