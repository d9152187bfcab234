import { describe, expect, test } from '@jest/globals';
import { membersOf, type NetworkDescription, networkDescription, portsOf } from './description.ts';
import { explainPlan } from './explain.ts';
import { planNetwork, portsNeeded } from './plan.ts';
import { brokenPromises } from './promises.ts';
import { readWanted, type WantedInput } from './wanted.ts';

const read = (wanted: WantedInput) => readWanted(JSON.stringify(wanted), 'network.json');
const from = (first: number, count = 200) => Array.from({ length: count }, (_, at) => first + at);

/** Mints ids in order, so that a plan can be compared with another one. */
function minting(): (kind: string) => string {
  let minted = 0;
  return (kind) => `${kind}_${minted++}`;
}

function plan(wanted: WantedInput, known?: NetworkDescription, only?: string): NetworkDescription {
  const first = known === undefined ? 8_000 : 9_000;
  return planNetwork({ wanted: read(wanted), known, only, draw: { ports: from(first), mintId: minting() } });
}

const three = (alder: object = {}, birch: object = {}, cedar: object = {}) => [
  { name: 'alder', ...alder },
  { name: 'birch', ...birch },
  { name: 'cedar', ...cedar },
];

describe('a plan', () => {
  test('gives every program a port of its own and every node an id of its own, and takes no more ports than it says', () => {
    for (const network of ['embedded', 'real'] as const) {
      const planned = plan({ network });
      expect(networkDescription.parse(JSON.parse(JSON.stringify(planned)))).toEqual(planned);
      const ports = portsOf(planned).map(({ port }) => port);
      expect(new Set(ports).size).toBe(ports.length);
      expect(ports.length).toBeLessThanOrEqual(portsNeeded(read({ network })));
      const ids = planned.organizations.flatMap((one) =>
        [...one.storageNodes, ...one.computeNodes].map(({ id }) => id),
      );
      expect(new Set(ids).size).toBe(9);
    }
  });

  test('puts the storage nodes of an organization on disks of their own, which are failure domains', () => {
    for (const { storageNodes } of plan({}).organizations)
      expect(new Set(storageNodes.map(({ disk }) => disk)).size).toBe(storageNodes.length);
  });

  test('is not made with too few ports', () => {
    const draw = { ports: from(8_000, 16), mintId: minting() };
    expect(() => planNetwork({ wanted: read({}), draw })).toThrow('a network of this shape needs');
  });

  test('counts the ports of an organization from the one it names', () => {
    const [alder] = plan({ network: 'real', organizations: three({ firstPort: 7_000, peers: 2 }) }).organizations;
    expect(alder).toMatchObject({
      ports: { rest: 7_000, peerListener: 7_001 },
      peers: [{ port: 7_002, chaincode: 7_003 }, { port: 7_004 }],
    });
  });

  test('of one organization on its own machine has its programs only, and listens where others reach it', () => {
    const hosts = three({ host: 'alder.example' }, { host: 'birch.example' }, { host: 'cedar.example' });
    const planned = plan({ network: 'real', organizations: hosts }, undefined, 'birch');
    expect(planned.organizations.map(({ name, host, listen }) => [name, host, listen])).toEqual([
      ['birch', 'birch.example', '0.0.0.0'],
    ]);
    expect(planned.others).toEqual([
      { name: 'alder', mspId: 'AlderMSP' },
      { name: 'cedar', mspId: 'CedarMSP' },
    ]);
    expect(membersOf(planned).map(({ name }) => name)).toEqual(['alder', 'birch', 'cedar']);
    expect(() => plan({ network: 'real' }, undefined, 'dune')).toThrow('No organization "dune" is described');
    expect(() => plan({}, undefined, 'alder')).toThrow('An embedded ledger is one program with all keys');
  });
});

describe('a description that changed', () => {
  const before = plan({ network: 'real' });

  test('changes nothing when it says the same', () => {
    expect(plan({ network: 'real' }, before)).toEqual(before);
    expect(explainPlan('/d', plan({ network: 'real' }, before), before).additions).toEqual([]);
  });

  test('adds storage nodes, compute nodes and a second peer, and leaves the others their ids and ports', () => {
    const organizations = three(
      { storageNodes: 4, computeNodes: 2, peers: 2 },
      { storageNodes: 2, computeNodes: 0 },
      { storageNodes: 2 },
    );
    const after = plan({ network: 'real', organizations }, before);
    const [alder, ...rest] = after.organizations;
    expect(rest).toEqual(before.organizations.slice(1));
    expect(alder!.storageNodes.slice(0, 3)).toEqual(before.organizations[0]!.storageNodes);
    expect(alder!.peers[0]).toEqual(before.organizations[0]!.peers[0]);
    expect([alder!.storageNodes, alder!.computeNodes, alder!.peers].map((list) => list.length)).toEqual([4, 2, 2]);
    const { additions } = explainPlan('/d', after, before);
    expect(additions).toHaveLength(4);
    expect(additions.join()).toMatch(/peer-alder-2.*chaincode-alder-2.*storage-alder-4.*compute-alder-2/);
  });

  test('adds a storage node with a price, and keeps the price of those that are there', () => {
    const priced = (...prices: (string | undefined)[]) =>
      three({ storageNodes: prices.map((pricePerGibMonth) => ({ ...(pricePerGibMonth && { pricePerGibMonth }) })) });
    const first = plan({ organizations: priced('12', undefined) });
    const more = plan({ organizations: priced('12', undefined, '9') }, first);
    expect(networkDescription.parse(JSON.parse(JSON.stringify(more)))).toEqual(more);
    expect(more.organizations[0]!.storageNodes.map((one) => one.pricePerGibMonth)).toEqual(['12', undefined, '9']);
    expect(() => plan({ organizations: priced('13', undefined) }, first)).toThrow(
      'organizations[0].storageNodes[0].pricePerGibMonth: it stands on the ledger with a price of 12',
    );
    expect(() => plan({ organizations: priced('12', '1') }, first)).toThrow('with no price');
  });

  test('goes public, and private again, with a port for other IPFS nodes and everything else as it was', () => {
    const ipfs: WantedInput['ipfs'] = { mode: 'public', bootstrap: ['/ip4/10.0.0.1/tcp/4001/p2p/QmOne'] };
    const isPublic = plan({ network: 'real', ipfs }, before);
    expect(networkDescription.parse(JSON.parse(JSON.stringify(isPublic)))).toEqual(isPublic);
    expect(isPublic.store).toEqual({ kind: 'kubo', publicSwarm: { bootstrap: ['/ip4/10.0.0.1/tcp/4001/p2p/QmOne'] } });
    const swarmPorts = isPublic.organizations.flatMap((one) => one.storageNodes.map(({ swarmPort }) => swarmPort));
    expect(new Set(swarmPorts).size).toBe(7);
    expect(portsOf(isPublic).filter(({ port }) => swarmPorts.includes(port))).toHaveLength(7);
    expect(portsOf(isPublic).length).toBeLessThanOrEqual(portsNeeded(read({ network: 'real', ipfs })));
    expect(plan({ network: 'real', ipfs }, isPublic)).toEqual(isPublic);
    expect(plan({ network: 'real' }, isPublic)).toEqual(before);
    expect(brokenPromises(isPublic).join()).toMatch(
      /a leaked content key opens its version.*Erasing, revoking and quotas/,
    );
    const { additions, programs } = explainPlan('/d', isPublic, before);
    expect(additions).toHaveLength(7);
    expect(programs.flatMap(({ listens }) => listens)).toHaveLength(portsOf(isPublic).length);
    expect(programs.filter(({ what }) => what.includes('(Kubo, public IPFS network)'))).toHaveLength(7);
  });

  test('goes public beside an embedded ledger when it is new, on Kubo nodes that stay when it goes private, and not over embedded storage', () => {
    const ipfs = { mode: 'public' as const, bootstrap: [] };
    const isPublic = plan({ ipfs, binaries: '/opt/kubo' });
    expect(isPublic.ledger).toEqual({ kind: 'embedded' });
    expect(isPublic.store).toEqual({ kind: 'kubo', binaries: '/opt/kubo', publicSwarm: { bootstrap: [] } });
    expect(portsOf(isPublic).length).toBeLessThanOrEqual(portsNeeded(read({ ipfs })));
    expect(plan({ ipfs, binaries: '/opt/kubo' }, isPublic)).toEqual(isPublic);
    expect(plan({}, isPublic).store).toEqual({ kind: 'kubo', binaries: '/opt/kubo' });
    expect(() => plan({ ipfs }, plan({}))).toThrow('ipfs.mode: the storage nodes here are embedded ones');
  });

  const usual = [
    { storageNodes: 3, computeNodes: 1 },
    { storageNodes: 2, computeNodes: 0 },
    { storageNodes: 2, computeNodes: 1 },
  ] as const;
  const changed = (alder: object) => three({ ...usual[0], ...alder }, usual[1], usual[2]);
  test.each<[string, WantedInput, string]>([
    ['another kind', {}, 'the network here is real and stays so'],
    ['another channel', { channel: { name: 'other' } }, 'a further channel is opened with dcloud channel'],
    [
      'another consensus',
      { channel: { consensus: 'bft' }, organizations: changed({ orderers: 2 }) },
      'channel.consensus: the channel runs on raft',
    ],
    ['other batches', { channel: { batch: { timeout: '1s' } } }, 'propose it with dcloud channel'],
    [
      'other policies',
      { channel: { policies: { Admins: 'ALL Admins' } } },
      'channel.policies: these stand in the channel',
    ],
    [
      'a member less',
      { organizations: changed({}).slice(0, 2) },
      'cedar is a member and is no longer described; a member leaves by dcloud org',
    ],
    [
      'a member more',
      { organizations: [...changed({}), { name: 'dune' }] },
      'organizations[3]: dune is no member; it joins a running consortium by dcloud org',
    ],
    [
      'another MSP',
      { organizations: changed({ mspId: 'X' }) },
      'organizations[0].mspId: alder is AlderMSP in the channel',
    ],
    [
      'another host',
      { organizations: changed({ host: '127.0.0.2' }) },
      'organizations[0].host: certificates and channel say 127.0.0.1',
    ],
    [
      'another orderer',
      { organizations: changed({ orderers: 2 }) },
      'organizations[0].orderers: alder has 1 in the channel',
    ],
    ['less storage', { organizations: changed({ storageNodes: 2 }) }, 'organizations[0].storageNodes: alder has 3'],
    [
      'another disk',
      { organizations: changed({ storageNodes: [{ disk: 'x' }, {}, {}] }) },
      'organizations[0].storageNodes[0]: it stands on the ledger with disk disk-1',
    ],
    ['less computing', { organizations: changed({ computeNodes: 0 }) }, 'organizations[0].computeNodes: alder has 1'],
    [
      'another class',
      { organizations: changed({ computeNodes: [{ classes: ['R-1'] }] }) },
      'organizations[0].computeNodes[0]: it stands',
    ],
  ])('is refused with the ceremony that does it: %s', (what, wanted, sentence) => {
    const network = what === 'another kind' ? 'embedded' : 'real';
    expect(() => plan({ network, ...wanted }, before)).toThrow(sentence);
  });
});

describe('what a network cannot promise', () => {
  const promises = (wanted: WantedInput) => brokenPromises(plan(wanted)).join(' ');

  test('is nothing but one machine, when the usual network is real', () => {
    expect(promises({ network: 'real' })).toBe(
      'All organizations run on one machine and their keys lie on it: this is no consortium yet.',
    );
    const hosts = three({ host: 'a.example' }, { host: 'b.example' }, { host: 'c.example' });
    expect(brokenPromises(plan({ network: 'real', organizations: hosts }, undefined, 'alder'))).toEqual([]);
  });

  test('is said of fewer than three organizations, of storage and computing that are not there', () => {
    const two = promises({ organizations: [{ name: 'a' }, { name: 'b' }] });
    expect(two).toMatch(/With 2 organizations no data survives.*all keys.*no version survives the loss/);
    expect(promises({ organizations: three({ storageNodes: 5 }, { storageNodes: 1 }, { storageNodes: 0 }) })).toMatch(
      '6 storage nodes in 2 organizations',
    );
    const bare = { storageNodes: 0, computeNodes: 0 };
    expect(promises({ organizations: three(bare, bare, bare) })).toMatch(/nothing can be published.*no job can run/);
  });

  test('is said of an organization whose loss stops the orderers', () => {
    expect(promises({ network: 'real', organizations: three({ orderers: 3 }) })).toContain(
      'Without alder nothing can be written: 3 of 5 orderers must answer, and 3 are its own.',
    );
    const bft = promises({ network: 'real', channel: { consensus: 'bft' }, organizations: three({ orderers: 2 }) });
    expect(bft).toContain('Without alder nothing can be written: 3 of 4 orderers must answer');
  });
});

test('an explanation names every identity, port, directory and program, and the steps', () => {
  const planned = plan({ network: 'real', organizations: three({ peers: 2, orderers: 2 }) });
  const told = explainPlan('/d', planned, undefined);
  const names = told.programs.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(
    expect.arrayContaining(['orderer-alder-2', 'peer-alder-2', 'chaincode-alder-2', 'peer-birch', 'storage-cedar-3']),
  );
  const listened = told.programs.flatMap(({ listens }) => listens.map((one) => Number(one.split(':')[1])));
  expect(listened.sort()).toEqual(
    portsOf(planned)
      .map(({ port }) => port)
      .sort(),
  );
  expect(told.organizations[0]!.identities).toEqual(
    expect.arrayContaining(['peer', 'peer-2', 'orderer', 'orderer-2', 'gateway', 'admin']),
  );
  expect(told.directories.join()).toContain('/d/organizations/alder/storage/');
  expect(told.steps.length).toBeGreaterThan(8);
});
