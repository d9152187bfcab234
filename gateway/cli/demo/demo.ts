/** The whole story on one machine: publish, find, ask, grant, refuse, run, attest, prove, survive. */
import { join, resolve } from 'node:path';
import { stopSupervisor } from '../../supervisor/index.ts';
import { up, welcome } from '../actions/network.ts';
import type { Output } from '../output.ts';
import { clearGround } from './clean-ground.ts';
import { type DemoSummary, Story, samples } from './story.ts';

/** Plays the story in a directory of its own, which it empties first. Leaves nothing running unless `keep` is set. */
export async function demo(
  output: Output,
  options: { readonly directory: string; readonly keep: boolean },
): Promise<DemoSummary> {
  const directory = resolve(options.directory);
  const began = performance.now();
  const summary: DemoSummary = {
    ok: false,
    jobs: [],
    evidence: [],
    refused: [],
    survivedOrganizationLoss: false,
    seconds: 0,
  };
  await clearGround(directory, () => stopSupervisor(directory));
  const stop = async () => void (await stopSupervisor(directory));
  const interrupted = () => void stop().finally(() => process.exit(130));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    output.say(
      '\n1. A consortium starts on this machine: Alder and Birch, who have data, and Cedar, the operator. Each has a gateway and' +
        '\n   storage nodes (3, 2 and 2); Alder and Cedar have a compute node. Everything is a process of its own.',
    );
    const credentials = await up(output, directory);
    const story = new Story(output, credentials, directory, summary);
    await story.play();
    summary.ok =
      summary.jobs.length === samples.length &&
      summary.evidence.every(({ verified }) => verified) &&
      summary.refused.length > 0 &&
      summary.survivedOrganizationLoss;
    summary.seconds = Math.round((performance.now() - began) / 100) / 10;
    output.say(`\n${closingWords(summary, join(directory, 'demo'))}`);
    output.say(options.keep ? `The network stays up:\n${welcome(credentials, directory)}` : whatNext);
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    if (!options.keep || !summary.ok) await stop();
  }
  return summary;
}

const whatNext = `Nothing is left running. Next:
  npm start                                        a network of your own, to stay
  npm run dcloud -- publish <folder> --as alder --title "My documents"
  npm test                                         the tests
README.md, "First five minutes", goes on from here.`;

function closingWords({ ok, jobs, evidence, refused, survivedOrganizationLoss, seconds }: DemoSummary, files: string) {
  const rows = jobs.reduce((sum, job) => sum + job.rows, 0);
  const verified = evidence.filter((one) => one.verified).length;
  return [
    `${ok ? 'Done' : 'NOT everything worked'}, in ${seconds} s: ${refused.length} uses refused, ${jobs.length} jobs over ${rows} rows,`,
    `${verified} of ${evidence.length} evidence files verified, the loss of an organization's storage ${survivedOrganizationLoss ? '' : 'NOT '}survived.`,
    `Results (Arrow) and evidence (JSON) are in ${files}`,
  ].join('\n');
}
