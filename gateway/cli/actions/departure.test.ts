import { expect, test } from '@jest/globals';
import type { RestClient, RestOptions } from '../rest.ts';
import { type DepartureView, departureText, offboard } from './departure.ts';

const order = [
  'nodes-drained',
  'grants-closed',
  'jobs-closed',
  'claims-ended',
  'fragments-moved',
  'nodes-left',
  'left',
];
const view = (left: Readonly<Record<string, number>>, more: Partial<DepartureView> = {}): DepartureView => ({
  mspId: 'AlderMSP',
  own: true,
  left: false,
  expulsion: [],
  steps: order.map((step) => ({ step, remaining: left[step] ?? 0 })),
  touches: {
    grantsGiven: 1,
    grantsHeld: 2,
    jobs: 0,
    storageNodes: 3,
    computeNodes: 1,
    versions: [{ version: 'vers_a', fragments: 3, without: 'at-risk' }],
    unreadable: [{ dataset: 'dset_a', title: 'Photographs', grantee: 'BirchMSP' }],
    derived: [],
  },
  ...more,
});

/** A gateway that answers one after the other. */
function gatewayOf(...answers: readonly DepartureView[]) {
  const asked: (readonly [string, string, unknown])[] = [];
  const call = async (method: string, path: string, options: RestOptions = {}) => {
    asked.push([method, path, options.body]);
    return answers[asked.length - 1];
  };
  return { rest: { call } as unknown as RestClient, asked };
}
const quiet = { progress: () => ({ at: () => undefined, end: () => undefined }) };

test('the own organization’s leaving is advanced until it has left', async () => {
  const { rest, asked } = gatewayOf(
    view({ 'fragments-moved': 2, 'nodes-left': 3, left: 1 }),
    view({ 'fragments-moved': 1, 'nodes-left': 3, left: 1 }),
    view({}, { left: true }),
  );
  expect((await offboard(rest, 'AlderMSP', { reason: 'over', pauseMs: 1 }, quiet)).left).toBe(true);
  expect(asked).toEqual(Array(3).fill(['POST', '/admin/departures/AlderMSP', { reason: 'over' }]));
});

test('another’s leaving is advanced until nothing of ours hangs on it; the rest is its own', async () => {
  const { rest, asked } = gatewayOf(
    view({ 'nodes-drained': 3, 'fragments-moved': 1, left: 1 }, { own: false }),
    view({ 'nodes-drained': 3, left: 1 }, { own: false }),
  );
  expect(await offboard(rest, 'AlderMSP', { reason: 'over', pauseMs: 1 }, quiet)).toMatchObject({ left: false });
  expect(asked).toHaveLength(2);
});

test('a person reads what it touches and what is left of each step', () => {
  const text = departureText(view({ 'fragments-moved': 2, left: 1 }));
  expect(text).toContain('Photographs by BirchMSP');
  expect(text).toContain('vers_a: 3 fragments, at-risk without them');
  expect(text).toContain('· the fragments on its storage nodes lie elsewhere: 2 versions to move');
  expect(text).toContain('✓ the grants are closed');
});

test('a person reads whom the channel’s part waits for, and why it cannot go on', () => {
  const awaited = {
    kind: 'signatures',
    of: 'chng_a',
    given: ['BirchMSP'],
    missing: [['CedarMSP'], ['DogwoodMSP']],
  } as const;
  const steps = [
    { step: 'definitions-renewed', remaining: 1, blocked: 'the endorsement policy names AlderMSP' },
    { step: 'consenters-removed', remaining: 1, awaited: { ...awaited, address: 'orderer.alder:7050' } },
    { step: 'removed-from-channel', remaining: 1, awaited: { ...awaited, missing: [[]] } },
  ];
  const lines = departureText(view({}, { left: true, own: false, steps })).split('\n');
  expect(lines).toContain('      cannot go on: the endorsement policy names AlderMSP');
  expect(lines).toContain(
    '      signatures of chng_a, which takes out orderer.alder:7050: BirchMSP; waits for CedarMSP, or DogwoodMSP, by the same command',
  );
  expect(lines.at(-1)).toContain('waits for any other member to submit it');
  // Before it has left nobody is asked for anything.
  expect(departureText(view({}, { own: false, steps }))).not.toContain('waits for');
});
