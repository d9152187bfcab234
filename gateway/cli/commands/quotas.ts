/** What organizations may keep on this organization's storage nodes. */
import { type Command, InvalidArgumentError } from 'commander';
import { bytesOf } from '../../supervisor/index.ts';
import { table } from '../output.ts';
import type { Session } from '../session.ts';

type QuotaView = {
  readonly organization: string;
  readonly quotaBytes: string;
  readonly usedBytes: string;
  readonly given: boolean;
};

/** Adds `quota list|give`. */
export function addQuotaCommands(program: Command, session: Session): void {
  const quota = program.command('quota').description('what organizations may keep on our storage nodes');
  quota
    .command('list')
    .description('each organization’s quota and what it uses')
    .action(async () => {
      const { items } = await (await session.rest('operator')).call<{ items: readonly QuotaView[] }>('GET', '/quotas');
      const rows = items.map((one) => [one.organization, one.usedBytes, one.quotaBytes, one.given ? 'given' : 'usual']);
      session.output.result({ ok: true, quotas: items }, table(['organization', 'used', 'of bytes', ''], rows));
    });
  quota
    .command('give <organization>')
    .argument('<size>', 'bytes, or such as "500 GiB"', sizeBytes)
    .description('let an organization keep so much on our storage nodes')
    .action(async (organization: string, size: number) => {
      const rest = await session.rest('operator');
      const body = { quotaBytes: String(size) };
      const given = await rest.call<QuotaView>('PUT', `/quotas/${organization}`, { body });
      const { quotaBytes, usedBytes } = given;
      session.output.result(
        { ok: true, quota: given },
        `${organization} may keep ${quotaBytes} bytes here and keeps ${usedBytes}.`,
      );
    });
}

function sizeBytes(text: string): number {
  if (!/^\d{1,15}( ?(KiB|MiB|GiB|TiB))?$/.test(text))
    throw new InvalidArgumentError('Write bytes or such as "500 GiB".');
  return bytesOf(text);
}
