import { setTimeout as wait } from 'node:timers/promises';
import type { Output } from '../output.ts';
import type { RestClient } from '../rest.ts';

type StepView = {
  readonly step: string;
  readonly remaining: number;
  readonly awaited?: {
    readonly kind: 'signatures' | 'approvals';
    readonly of: string;
    readonly address?: string;
    readonly given: readonly string[];
    readonly missing: readonly (readonly string[])[];
  };
  readonly blocked?: string;
};

export type DepartureView = {
  readonly mspId: string;
  readonly own: boolean;
  readonly left: boolean;
  readonly expulsion: readonly string[];
  readonly steps: readonly StepView[];
  readonly touches: {
    readonly grantsGiven: number;
    readonly grantsHeld: number;
    readonly jobs: number;
    readonly storageNodes: number;
    readonly computeNodes: number;
    readonly versions: readonly { readonly version: string; readonly fragments: number; readonly without: string }[];
    readonly unreadable: readonly { readonly dataset: string; readonly title?: string; readonly grantee: string }[];
    readonly derived: readonly { readonly version: string; readonly owner: string }[];
  };
};

/** What a step is called for a person, and what is left of it. */
const words: Readonly<Record<string, readonly [sentence: string, unit: string]>> = {
  'nodes-drained': ['its nodes take nothing new', 'nodes to drain'],
  'grants-closed': ['the grants are closed', 'grants to close'],
  'jobs-closed': ['the jobs are ended', 'jobs to end'],
  'claims-ended': ['its compute nodes run nothing', 'claims that run'],
  'fragments-moved': ['the fragments on its storage nodes lie elsewhere', 'versions to move'],
  'nodes-left': ['its nodes have left', 'nodes to leave'],
  left: ['it has left, by the ledger', 'to go'],
  'definitions-renewed': ['no chaincode counts on it', 'definitions to renew'],
  'consenters-removed': ['none of its orderers is a consenter', 'consenters to remove'],
  'removed-from-channel': ['the channel does not name it', 'to go'],
};
const shown = 10;

/** An organization's leaving for a person: what it touches, then each step. */
export function departureText({ mspId, own, left, expulsion, steps, touches }: DepartureView): string {
  const { versions, unreadable, derived } = touches;
  return [
    `${mspId}${own ? ' (your own organization)' : ''}: ${left ? 'has left for good' : 'what its leaving touches'}`,
    `  open grants it gave ${touches.grantsGiven}, holds ${touches.grantsHeld}; running jobs that end: ${touches.jobs}`,
    `  storage nodes ${touches.storageNodes}, compute nodes ${touches.computeNodes}`,
    ...listed('will not be readable any more', unreadable, (one) => `${one.title ?? one.dataset} by ${one.grantee}`),
    ...listed(
      'versions of yours on its storage nodes',
      versions,
      (one) => `${one.version}: ${one.fragments} fragments, ${one.without} without them`,
    ),
    ...listed('made of its data, which stays', derived, (one) => `${one.version} of ${one.owner}`),
    ...(expulsion.length === 0 ? [] : [`  its expulsion is asked for by ${expulsion.join(', ')}`]),
    ...steps.flatMap((one) => stepText(one, left)),
  ].join('\n');
}

/** A step, and under it whom it waits for: for the channel's part only once the organization has left. */
function stepText({ step, remaining, awaited, blocked }: StepView, left: boolean): string[] {
  const [sentence, unit] = words[step] ?? [step, 'left'];
  if (remaining === 0) return [`  ✓ ${sentence}`];
  const line = `  · ${sentence}: ${remaining} ${unit}`;
  if (!left) return [line];
  if (blocked !== undefined) return [line, `      cannot go on: ${blocked}`];
  if (awaited === undefined) return [line];
  const { kind, of, address, given, missing } = awaited;
  const from = missing
    .map((set) => (set.length === 0 ? 'any other member to submit it' : set.join(' and ')))
    .join(', or ');
  const has = given.length === 0 ? 'none yet' : given.join(', ');
  const waits = from === '' ? 'nobody left can complete it' : `waits for ${from}, by the same command`;
  const what = address === undefined ? of : `${of}, which takes out ${address}`;
  return [line, `      ${kind} of ${what}: ${has}; ${waits}`];
}

function listed<T>(heading: string, all: readonly T[], line: (one: T) => string): string[] {
  if (all.length === 0) return [];
  const more = all.length > shown ? [`    and ${all.length - shown} more`] : [];
  return [`  ${heading}: ${all.length}`, ...all.slice(0, shown).map((one) => `    ${line(one)}`), ...more];
}

export type OffboardOptions = {
  readonly reason: string;
  readonly expel?: boolean;
  readonly abandon?: boolean;
  readonly pauseMs?: number;
  readonly signal?: AbortSignal;
};

const oursToEnd = ['grants-closed', 'jobs-closed', 'fragments-moved'];
const ownToEnd = ['left'];

/**
 * Advances an organization's leaving, call after call, until this gateway's part is done: for the own organization until it has left,
 * for another one until nothing of ours hangs on it. Ended at any moment and run again, it goes on from what the ledger says.
 */
export async function offboard(
  rest: RestClient,
  mspId: string,
  { pauseMs = 1_000, signal, ...body }: OffboardOptions,
  output: Pick<Output, 'progress'>,
): Promise<DepartureView> {
  let bar: { readonly step: string; readonly total: number; readonly line: ReturnType<Output['progress']> } | undefined;
  try {
    for (;;) {
      const departure = await rest.call<DepartureView>('POST', `/admin/departures/${mspId}`, { body });
      const awaited = departure.own ? ownToEnd : oursToEnd;
      const open = departure.steps.find(({ remaining }) => remaining > 0);
      const over =
        departure.left || departure.steps.every(({ step, remaining }) => remaining === 0 || !awaited.includes(step));
      if (bar !== undefined && (over || bar.step !== open?.step)) {
        bar.line.at(bar.total);
        bar.line.end();
        bar = undefined;
      }
      if (over || open === undefined) return departure;
      const [label, unit] = words[open.step] ?? [open.step, 'left'];
      bar ??= { step: open.step, total: open.remaining, line: output.progress(label, unit, open.remaining) };
      bar.line.at(Math.max(0, bar.total - open.remaining));
      await wait(pauseMs, undefined, signal === undefined ? {} : { signal });
    }
  } finally {
    bar?.line.end();
  }
}
