import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { verifyEvidence } from '../../evidence/index.ts';
import type { Session } from '../session.ts';
import { verdictText } from '../verdict-text.ts';

/** Adds `evidence get|verify`. */
export function addEvidenceCommands(program: Command, session: Session): void {
  const evidence = program.command('evidence').description('fetch and check evidence of results');
  evidence
    .command('get <job>')
    .description("fetch a job's evidence file")
    .requiredOption('-o, --out <file>', 'where to write it')
    .action(async (id: string, { out }: { out: string }) => {
      const response = await (await session.rest('compliance')).open('GET', `/jobs/${id}/evidence`);
      const bytes = new Uint8Array(await response.arrayBuffer());
      await writeFile(out, bytes);
      const { genesis } = await session.credentials();
      session.output.result(
        { ok: true, file: out, bytes: bytes.length, genesis },
        `${out}: ${bytes.length} bytes\nCheck it anywhere: dcloud evidence verify ${out} --genesis ${genesis}`,
      );
    });
  evidence
    .command('verify <file>')
    .description('check an evidence file, with neither gateway nor ledger')
    .requiredOption('--genesis <hash>', "hash of the channel's genesis block, known from elsewhere")
    .action(async (file: string, { genesis }: { genesis: string }) => {
      const verdict = verifyEvidence(new Uint8Array(await readFile(file)), genesis);
      session.output.result(verdict, verdictText(verdict, verdict.notes));
      if (!verdict.ok) process.exitCode = 1;
    });
}
