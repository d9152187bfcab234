import { readFile, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { verifyCertificate } from '../../erasure/verify-certificate.ts';
import {
  type ErasureView,
  erasureImpact,
  erasureImpactText,
  erasureText,
  pathOf,
  watchErasure,
} from '../actions/erase.ts';
import { wholeNumber } from '../parse-option.ts';
import type { Session } from '../session.ts';
import { verdictText } from '../verdict-text.ts';
import type { DatasetView } from '../views.ts';

/** Adds `erase`, with `preview`, `status`, `verify`, and `hold` and `release` of what must not be erased. */
export function addEraseCommands(program: Command, session: Session): void {
  const erase = program
    .command('erase')
    .description('erase a version or a whole dataset of yours, for good: dcloud erase <id> --reason <text>');
  const told = async (erasure: ErasureView, out: string | undefined) => {
    const { certificate } = erasure.progress ?? {};
    if (out !== undefined && certificate !== undefined) await writeFile(out, Buffer.from(certificate, 'base64'));
    const file = out !== undefined && certificate !== undefined ? { file: out } : {};
    session.output.result({ ok: true, erasure, ...file }, erasureText(erasure, file.file));
  };
  erase
    .command('now <id>', { isDefault: true })
    .description('erase it: shows first what that touches, and asks')
    .requiredOption('--reason <text>', 'why')
    .option('--confirm <id>', 'the id once more, where nobody can be asked')
    .option('--within <seconds>', 'how long to wait for storage nodes that are away', wholeNumber, 60)
    .option('-o, --out <file>', 'where to write the certificate')
    .action(async (id: string, { reason, confirm, within, out }: EraseOptions) => {
      const rest = await session.rest('admin');
      session.output.say(erasureImpactText(id, await erasureImpact(rest, id)));
      const body = { reason, confirm: confirm ?? (await askFor(id)) };
      await rest.call('POST', `/${pathOf(id)}/erasure`, { body });
      await told(await watchErasure(rest, session.output, id, within * 1_000), out);
    });
  erase
    .command('preview <id>')
    .description('show what erasing a version or dataset would end, and what it would not take back')
    .action(async (id: string) => {
      const impact = await erasureImpact(await session.rest(), id);
      session.output.result({ ok: true, impact }, erasureImpactText(id, impact));
    });
  erase
    .command('status <id>')
    .description('show how far an erasure is')
    .option('-o, --out <file>', 'where to write the certificate, once it is signed')
    .action(async (id: string, { out }: { out?: string }) => {
      await told(await (await session.rest()).call<ErasureView>('GET', `/${pathOf(id)}/erasure`), out);
    });
  erase
    .command('verify <file>')
    .description('check the certificate of an erasure, with neither gateway nor ledger')
    .option('--root <file>', "the organization's root certificate (PEM), known from elsewhere")
    .option('--recorded <digest>', 'the digest that the ledger has of the certificate')
    .action(async (file: string, { root, recorded }: { root?: string; recorded?: string }) => {
      const known = { recorded, root: root === undefined ? undefined : await readFile(root, 'utf8') };
      const verdict = verifyCertificate(new Uint8Array(await readFile(file)), known);
      session.output.result(verdict, verdictText(verdict, verdict.notCovered));
      if (!verdict.ok) process.exitCode = 1;
    });

  for (const verb of ['hold', 'release'] as const) {
    erase
      .command(`${verb} <dataset>`)
      .description(
        verb === 'hold' ? 'keep a dataset: nothing of it can be erased until it is released' : 'let a held dataset go',
      )
      .requiredOption('--reason <text>', 'why')
      .action(async (id: string, { reason }: { reason: string }) => {
        const rest = await session.rest('compliance');
        const dataset = await rest.call<DatasetView>('POST', `/datasets/${id}/${verb}`, { body: { reason } });
        session.output.result({ ok: true, dataset }, `${id}: ${verb === 'hold' ? 'held' : 'released'}`);
      });
  }
}

type EraseOptions = {
  readonly reason: string;
  readonly confirm?: string;
  readonly within: number;
  readonly out?: string;
};

async function askFor(id: string): Promise<string> {
  if (!process.stdin.isTTY) throw new Error(`Nobody can take an erasure back: say --confirm ${id}`);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question('Nobody can take this back. Type the id to erase it: ')).trim();
  } finally {
    lines.close();
  }
}
