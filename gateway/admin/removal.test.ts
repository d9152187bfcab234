/** A consortium of four takes one that has left out of its channel: every member asks for the same thing, in any order, as often as it likes. */
import type { MspId } from '@d-cloud/chaincode/domain';
import {
  applyEdit,
  type ConfigEdit,
  configUpdate,
  consentersOf,
  copyGroup,
  readChannelConfig,
  signUpdate,
  updateEnvelope,
} from '@d-cloud/network/admin';
import { Fault } from '@d-cloud/network/ledger';
import {
  OfflineOrdering,
  type OfflineOrganization,
  offlineGenesis,
  offlineOrganization,
} from '@d-cloud/network/ledger/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { ChangeStore } from './change-store.ts';
import { Changes } from './changes.ts';
import type { ConsortiumAccess } from './consortium-access.ts';
import type { OtherGateways } from './other-gateways.ts';
import { Removal, type RemovalStep } from './removal.ts';

const channel = 'offline';
const now = new Date('2026-11-22T12:00:00Z');
const mspIds = ['AMSP', 'BMSP', 'CMSP', 'DMSP'] as MspId[];
const gone = 'DMSP' as MspId;

let organizations: readonly OfflineOrganization[];
let ordering: OfflineOrdering;
let members: Map<MspId, { readonly changes: Changes; readonly removal: Removal }>;
let stores: Map<MspId, ChangeStore>;
let away: Set<MspId>;
/** Who has approved the definition without the one that leaves; three put it in force. */
let approved: Set<string>;
let open: DisposableStack;

beforeAll(async () => {
  organizations = await Promise.all(mspIds.map((mspId) => offlineOrganization(mspId, now)));
});
beforeEach(() => {
  open = new DisposableStack();
  [away, approved, members] = [new Set(), new Set(), new Map()];
  ordering = new OfflineOrdering(offlineGenesis(organizations, now), organizations[0]!.orderer);
  stores = new Map(mspIds.map((mspId) => [mspId, open.use(new ChangeStore(':memory:'))]));
  for (const mspId of mspIds) start(mspId);
});
afterEach(() => open.dispose());

/** Starts a gateway; started again it has what it kept and nothing else. */
function start(organization: MspId): void {
  const access: ConsortiumAccess = {
    admin: organizations[mspIds.indexOf(organization)]!.admin,
    configBlock: async () => ordering.newest,
    orderedConfigBlock: async () => {
      if (!configOf().applicationMsps.has(organization)) throw new Fault('misconfigured', 'reading: FORBIDDEN');
      return ordering.newest;
    },
    configBlockBefore: async (_, block) => ordering.blocks[readChannelConfig(block).blockNumber - 1],
    answeringOrderers: async (_, addresses) => addresses,
    order: async (_, envelope) => ordering.order(envelope),
  };
  const reach = (mspId: MspId) => {
    if (away.has(mspId)) throw new Fault('unavailable', `${mspId} is away`);
    return members.get(mspId)!.changes;
  };
  const others: OtherGateways = {
    places: () =>
      mspIds.filter((mspId) => mspId !== organization).map((mspId) => ({ organization: mspId, address: '' })),
    fabricVersion: async () => '2.5',
    offered: async (place) => reach(place.organization).offered(organization),
    change: async (place, id) => reach(place.organization).offer(organization, id),
    definitions: async () => [],
    sendSignature: async (place, id, signature) => reach(place.organization).takeSignature(organization, id, signature),
    sendRefusal: async (place, id, reason) => reach(place.organization).takeRefusal(organization, id, reason),
  };
  const definitions = {
    look: async () => {
      const given = [...approved];
      return approved.size < 3 ? { remaining: 1, awaited: { ...approvals, given } } : { remaining: 0 };
    },
    advance: async () => {
      approved.add(organization);
      return definitions.look();
    },
  };
  const changes = new Changes({
    ...{ organization, access, others, store: stores.get(organization)! },
    fabricVersion: '2.5',
    clock: { now: () => now },
    log: pino({ level: 'silent' }),
  });
  members.set(organization, { changes, removal: new Removal({ organization, channel, access, changes, definitions }) });
}

const approvals = { kind: 'approvals', of: 'dcloud 2', missing: [] } as const;
const configOf = () => readChannelConfig(ordering.newest);
const at = (mspId: string) => members.get(mspId as MspId)!;
const advance = (mspId: string) => at(mspId).removal.advance(gone);
/** What a member changes of its own group is in force by its own word: nobody's guard is asked. */
function alone(mspId: MspId, edit: ConfigEdit): void {
  const { admin } = organizations[mspIds.indexOf(mspId)]!;
  const { group } = configOf();
  const wanted = copyGroup(group);
  applyEdit(wanted, edit);
  const update = configUpdate(channel, group, wanted);
  ordering.order(updateEnvelope(admin, channel, update, [signUpdate(admin, update)], now));
}
const consenters = () => (consentersOf(configOf().group) ?? []).map(({ address }) => address);
const left = (steps: readonly RemovalStep[]) => steps.map(({ remaining }) => remaining);

describe('an organization that has left', () => {
  test('is taken out by three of four, who each run the same command until nothing is left', async () => {
    expect(left(await at('AMSP').removal.look(gone))).toEqual([1, 1, 1]);
    expect(ordering.blocks).toHaveLength(1);
    const [definitions, consenters, removal] = await advance('AMSP');
    expect(definitions).toMatchObject({ awaited: { given: ['AMSP'] } });
    expect(consenters).toMatchObject({
      remaining: 1,
      awaited: { kind: 'signatures', given: ['AMSP'], missing: expect.arrayContaining([['BMSP', 'CMSP']]) },
    });
    expect(removal).toEqual({ step: 'removed-from-channel', remaining: 1 });
    await advance('BMSP');
    // The third completes the first two steps, and begins the last.
    const third = await advance('CMSP');
    expect(left(third)).toEqual([0, 0, 1]);
    expect(third[2]!.awaited).toMatchObject({ given: ['CMSP'] });
    expect(consentersOf(configOf().group)).toHaveLength(3);
    await advance('AMSP');
    expect(left(await advance('BMSP'))).toEqual([0, 0, 0]);
    expect([...configOf().applicationMsps.keys()]).toEqual(['AMSP', 'BMSP', 'CMSP']);
    expect(configOf().ordererMsps.has(gone)).toBe(false);
    for (const mspId of mspIds) expect(left(await advance(mspId))).toEqual([0, 0, 0]);
    expect(ordering.blocks).toHaveLength(3);
  });

  test('is not taken out sooner by one who asks again, or whose gateway ended in between', async () => {
    const first = await advance('AMSP');
    start('AMSP' as MspId);
    expect(await advance('AMSP')).toEqual(first);
    expect(await at('AMSP').removal.look(gone)).toEqual(first);
    expect((await at('AMSP').changes.list()).changes).toHaveLength(1);
    expect(ordering.blocks).toHaveLength(1);
  });

  test('is taken out while the gateway of one who signed is away, once enough others have', async () => {
    await advance('AMSP');
    away.add('AMSP' as MspId);
    await advance('BMSP');
    expect((await advance('CMSP'))[1]!.awaited).toMatchObject({ given: ['BMSP', 'CMSP'] });
    // It comes back and finds what the others signed meanwhile, each at its own gateway.
    away.clear();
    expect(left(await advance('AMSP'))).toEqual([0, 0, 1]);
  });

  test('is proposed again when another change came between, whose signatures are void then', async () => {
    await advance('AMSP');
    const faster: ConfigEdit = { kind: 'set-batch', timeout: '100ms' };
    const { id } = await at('BMSP').changes.propose(channel, faster, 'faster');
    for (const mspId of ['BMSP', 'CMSP', 'AMSP']) await at(mspId).changes.sign(id);
    await at('BMSP').changes.submit(id);
    await advance('BMSP');
    expect((await advance('CMSP'))[1]!.awaited).toMatchObject({
      given: ['BMSP', 'CMSP'],
      missing: [['AMSP'], ['DMSP']],
    });
    expect(left(await advance('AMSP'))).toEqual([0, 0, 1]);
  });

  test('is stopped from nothing by a member that refuses, while the others are enough; a refusal stays one', async () => {
    await advance('AMSP');
    const [change] = (await at('BMSP').changes.list()).changes;
    await at('BMSP').changes.sign(change!.id);
    await at('BMSP').changes.refuse(change!.id, 'we wait for their data');
    expect((await advance('CMSP'))[1]!.awaited).toMatchObject({ given: ['AMSP', 'CMSP'] });
    expect((await at('AMSP').removal.look(gone))[1]!.awaited).toMatchObject({
      given: ['AMSP'],
      missing: [['CMSP', 'DMSP']],
    });
    expect((await advance('AMSP'))[1]!.awaited).toMatchObject({ given: ['AMSP', 'CMSP'], missing: [['DMSP']] });
  });

  test('does not get a signature that the own admin has refused, until the admin gives it', async () => {
    await advance('AMSP');
    const [change] = (await at('BMSP').changes.list()).changes;
    await at('BMSP').changes.refuse(change!.id, 'we wait for their data');
    const blocked = expect.stringContaining(`has refused ${change!.id}, "we wait for their data"`);
    for (const steps of [await advance('BMSP'), await at('BMSP').removal.look(gone), await advance('BMSP')]) {
      expect(steps[1]).toEqual({ step: 'consenters-removed', remaining: 1, blocked });
    }
    expect((await at('AMSP').changes.get(change!.id)).review!.progress.signed).toEqual(['AMSP']);
    expect((await at('AMSP').changes.get(change!.id)).refusals).toMatchObject([{ mspId: 'BMSP' }]);
    await at('BMSP').changes.sign(change!.id);
    expect((await advance('BMSP'))[1]!.awaited).toMatchObject({ given: ['AMSP', 'BMSP'] });
  });

  test('is shown to wait for all who have not signed, whatever another gateway says that they refuse', async () => {
    await advance('AMSP');
    const { changes } = at('AMSP');
    const offer = changes.offer.bind(changes);
    const refusals = ['BMSP', 'CMSP'].map((mspId) => ({ mspId, reason: 'so says AMSP' }));
    Object.assign(changes, {
      offer: async (...asked: Parameters<typeof offer>) => {
        const offered = await offer(...asked);
        return offered && { ...offered, proposal: { ...offered.proposal, refusals } };
      },
    });
    const { given, missing } = (await at('BMSP').removal.look(gone))[1]!.awaited!;
    expect(given).toEqual(['AMSP']);
    expect(missing).toContainEqual(['BMSP', 'CMSP']);
  });

  test('signs its own going as the others do, and leaves it to them to send it', async () => {
    await advance('AMSP');
    await advance('BMSP');
    expect(left(await advance('DMSP'))).toEqual([0, 0, 1]);
    await advance('AMSP');
    await advance('BMSP');
    expect((await at('DMSP').removal.look(gone))[2]).toMatchObject({ remaining: 0 });
    expect(left(await advance('DMSP'))).toEqual([0, 0, 0]);
  });

  test('does not make the others take out their own orderers by listing the roots of those as its own', async () => {
    for (const { roots } of organizations.slice(0, 2)) {
      alone(gone, { kind: 'add-roots', mspId: gone, tlsRootCertificate: roots.tlsRootCertificate });
    }
    for (const mspId of ['AMSP', 'BMSP', 'CMSP', 'AMSP', 'BMSP', 'CMSP']) await advance(mspId);
    expect(consenters()).toEqual(['localhost:7050', 'localhost:7051', 'localhost:7052']);
    for (const steps of [await advance('AMSP'), await at('CMSP').removal.look(gone)]) {
      expect(steps[1]).toEqual({
        step: 'consenters-removed',
        remaining: 2,
        blocked: expect.stringContaining('DMSP and AMSP list the root of the consenter localhost:7050'),
      });
    }
    expect(configOf().applicationMsps.has(gone)).toBe(true);
  });

  test('shows with each word that is asked for which orderer it would take out', async () => {
    expect((await at('BMSP').removal.look(gone))[1]!.awaited).toMatchObject({ address: 'localhost:7053' });
    expect((await advance('BMSP'))[1]!.awaited).toMatchObject({ address: 'localhost:7053' });
  });

  test('is told why the last orderer stays: a channel without any would order nothing', async () => {
    const sole = new OfflineOrdering(offlineGenesis([organizations[3]!], now), organizations[3]!.orderer);
    ordering = sole;
    const [, consenters] = await at('DMSP').removal.advance(gone);
    expect(consenters).toMatchObject({ remaining: 1, blocked: expect.stringContaining('no consenter would be left') });
  });
});
