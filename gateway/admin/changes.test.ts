import { X509Certificate } from 'node:crypto';
import type { ChangeId, MspId } from '@d-cloud/chaincode/domain';
import {
  applyEdit,
  type ConfigEdit,
  configUpdate,
  copyGroup,
  genesisBlock,
  issueIdentity,
  readChannelConfig,
  revocationList,
  signUpdate,
} from '@d-cloud/network/admin';
import { Fault, signatory } from '@d-cloud/network/ledger';
import {
  OfflineOrdering,
  type OfflineOrganization,
  offlineDescription,
  offlineGenesis,
  offlineOrganization,
} from '@d-cloud/network/ledger/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { changeIdOf } from './change-id.ts';
import { ChangeStore } from './change-store.ts';
import { Changes, mostOpen } from './changes.ts';
import type { ConsortiumAccess } from './consortium-access.ts';
import type { OtherGateways } from './other-gateways.ts';

const channel = 'offline';
const now = new Date('2026-11-22T12:00:00Z');
const faster: ConfigEdit = { kind: 'set-batch', timeout: '100ms' };
const mspIds = ['AMSP', 'BMSP', 'CMSP'] as MspId[];

let organizations: readonly OfflineOrganization[];
let ordering: OfflineOrdering;
/** The genesis block of a second channel. */
let aside: Uint8Array;
let gateways: Map<MspId, Changes>;
/** Organizations whose gateway does not answer. */
let away: Set<MspId>;
/** Addresses of orderers that do not answer. */
let down: Set<string>;
let versions: Map<MspId, '2.5' | '3.1'>;
/** Channels that the own peer cannot read now. */
let unreadable: Set<string>;
/** What happens while the configuration is read: once for each entry. */
let whileReading: (() => Promise<unknown>)[];
let open: DisposableStack;

beforeAll(async () => {
  organizations = await Promise.all([...mspIds, 'DMSP'].map((mspId) => offlineOrganization(mspId, now)));
  aside = genesisBlock({ ...offlineDescription(organizations.slice(0, 3)), channel: 'aside' }, now);
});
beforeEach(() => {
  open = new DisposableStack();
  [away, down, versions, gateways, unreadable] = [new Set(), new Set(), new Map(), new Map(), new Set()];
  whileReading = [];
  ordering = new OfflineOrdering(offlineGenesis(organizations.slice(0, 3), now), organizations[0]!.orderer);
  for (const mspId of mspIds) gateways.set(mspId, gatewayOf(mspId));
});
afterEach(() => open.dispose());

function accessOf(admin: ConsortiumAccess['admin']): ConsortiumAccess {
  return {
    admin,
    configBlock: async (name) => {
      await whileReading.shift()?.();
      if (unreadable.has(name)) throw new Fault('unavailable', `no peer keeps ${name}`);
      return name === channel ? ordering.newest : aside;
    },
    orderedConfigBlock: async () => ordering.newest,
    configBlockBefore: async (_, block) => ordering.blocks[readChannelConfig(block).blockNumber - 1],
    answeringOrderers: async (_, addresses) => addresses.filter((one) => !down.has(one)),
    order: async (_, envelope) => ordering.order(envelope),
  };
}

function gatewayOf(organization: MspId, admin = organizations[mspIds.indexOf(organization)]!.admin): Changes {
  const reach = (mspId: MspId) => {
    if (away.has(mspId)) throw new Fault('unavailable', `${mspId} is away`);
    return gateways.get(mspId)!;
  };
  const others: OtherGateways = {
    places: () =>
      mspIds.filter((mspId) => mspId !== organization).map((mspId) => ({ organization: mspId, address: '' })),
    fabricVersion: async (place) => {
      reach(place.organization);
      const version = versions.get(place.organization);
      if (version === undefined) throw new Fault('unavailable', 'not told');
      return version;
    },
    offered: async (place) => reach(place.organization).offered(organization),
    change: async (place, id) => reach(place.organization).offer(organization, id),
    definitions: async () => [],
    sendSignature: async (place, id, signature) => reach(place.organization).takeSignature(organization, id, signature),
    sendRefusal: async (place, id, reason) => reach(place.organization).takeRefusal(organization, id, reason),
  };
  return new Changes({
    organization,
    access: accessOf(admin),
    store: open.use(new ChangeStore(':memory:')),
    others,
    fabricVersion: versions.get(organization) ?? '2.5',
    clock: { now: () => now },
    log: pino({ level: 'silent' }),
  });
}

const at = (mspId: string) => gateways.get(mspId as MspId)!;
/** Lets organizations sign and one of them submit. */
async function carry(id: ChangeId, signers: readonly string[]) {
  for (const mspId of signers) await at(mspId).sign(id);
  return at(signers[0]!).submit(id);
}

describe('a change across three organizations', () => {
  test('is found by the others, signed in their own place, and in force when it is submitted', async () => {
    const { id } = await at('AMSP').propose(channel, faster, 'faster blocks');
    const found = await at('BMSP').list();
    expect(found.changes).toMatchObject([
      { id, proposer: 'AMSP', state: 'open', summary: 'faster blocks', review: { bar: { signed: 0, needed: 2 } } },
    ]);
    expect(found.changes[0]!.review!.changes).toMatchObject([
      { path: '/Channel/Orderer/BatchTimeout', before: { value: '200ms' }, after: { value: '100ms' } },
    ]);
    expect(await at('BMSP').sign(id)).toMatchObject({
      answer: { answer: 'signed' },
      review: { bar: { signed: 1, needed: 2 }, progress: { missing: [['AMSP'], ['CMSP']] } },
    });
    expect(await at('CMSP').sign(id)).toMatchObject({ review: { progress: { complete: true } } });
    expect(await at('CMSP').submit(id)).toMatchObject({ state: 'in-force', block: 1 });
    expect((await at('AMSP').list()).changes).toMatchObject([{ id, state: 'in-force', block: 1 }]);
    expect((await at('BMSP').list()).changes).toEqual([]);
  });

  test('is refused with a reason, and the bar shows who could still complete it', async () => {
    const { id } = await at('AMSP').propose(channel, faster, 'faster blocks');
    await at('AMSP').sign(id);
    await at('BMSP').refuse(id, 'our orderer is slow');
    const seen = await at('AMSP').get(id);
    expect(seen.refusals).toEqual([{ mspId: 'BMSP', reason: 'our orderer is slow' }]);
    expect(seen.review!.progress.missing).toEqual([['CMSP']]);
    await at('CMSP').refuse(id, 'so is ours');
    expect((await at('AMSP').get(id)).review!.bar).toEqual({ signed: 1, needed: null });
    await at('BMSP').sign(id);
    expect((await at('AMSP').get(id)).review!.bar).toEqual({ signed: 2, needed: 2 });
  });

  test('is not sent with too few signatures, and the sentence says whose are missing', async () => {
    const { id } = await at('AMSP').propose(channel, faster, 'faster blocks');
    await at('AMSP').sign(id);
    await expect(at('AMSP').submit(id)).rejects.toThrow('it still needs BMSP, or CMSP');
    expect(ordering.blocks).toHaveLength(1);
  });

  test('is void when another one comes first, and says so', async () => {
    const first = await at('AMSP').propose(channel, faster, 'faster');
    const second = await at('BMSP').propose(channel, { kind: 'set-batch', timeout: '1s' }, 'slower');
    await carry(first.id, ['AMSP', 'CMSP']);
    expect(await at('BMSP').get(second.id)).toMatchObject({ state: 'superseded' });
    await expect(at('BMSP').sign(second.id)).rejects.toThrow('propose it again');
    await expect(at('CMSP').sign(second.id)).rejects.toThrow('nobody offers');
  });

  test('is known to be in force long after, whoever submitted it', async () => {
    const { id } = await at('AMSP').propose(channel, faster, 'faster');
    for (const mspId of ['BMSP', 'CMSP']) await at(mspId).sign(id);
    await at('BMSP').submit(id);
    const next = await at('BMSP').propose(channel, { kind: 'set-batch', timeout: '1s' }, 'slower');
    await carry(next.id, ['BMSP', 'CMSP']);
    expect(await at('AMSP').get(id)).toMatchObject({ state: 'in-force', block: 1 });
  });

  test.each([
    ['proposed', () => at('AMSP').propose(channel, faster, 'faster')],
    ['taken in from a file', async (id: ChangeId) => at('AMSP').takeIn(await at('AMSP').file(id))],
  ])('keeps the signature and the refusal that come in while it is %s again', async (_, again) => {
    const { id } = await at('AMSP').propose(channel, faster, 'faster');
    const nothing = async () => {};
    const answers = async () => {
      whileReading = [];
      await at('BMSP').sign(id);
      await at('CMSP').refuse(id, 'our orderer is slow');
    };
    // The first look is at the change itself, the second at which of the kept ones have ended.
    whileReading = [nothing, answers];
    await again(id);
    expect((await at('AMSP').file(id)).signatures.map(({ mspId }) => mspId)).toEqual(['BMSP']);
    expect((await at('AMSP').file(id)).refusals).toMatchObject([{ mspId: 'CMSP' }]);
  });

  test('can be taken back by its proposer alone', async () => {
    const { id } = await at('AMSP').propose(channel, faster, 'faster');
    await expect(at('BMSP').withdraw(id)).rejects.toThrow('AMSP, which alone can withdraw it');
    expect(await at('AMSP').withdraw(id)).toMatchObject({ state: 'withdrawn' });
    expect((await at('BMSP').list()).changes).toEqual([]);
    expect(await at('AMSP').propose(channel, faster, 'faster')).toMatchObject({ id, state: 'open' });
  });

  test('is offered to members of its channel only', async () => {
    const { id } = await at('AMSP').propose(channel, faster, 'faster');
    expect(await at('AMSP').offered('BMSP' as MspId)).toEqual([id]);
    expect(await at('AMSP').offered('DMSP' as MspId)).toEqual([]);
    expect(await at('AMSP').offer('DMSP' as MspId, id)).toBeUndefined();
    await expect(at('AMSP').takeRefusal('DMSP' as MspId, id, 'no')).rejects.toThrow('nobody offers');
  });

  test('goes on while a gateway is away, and names it', async () => {
    const { id } = await at('AMSP').propose(channel, faster, 'faster');
    away.add('CMSP' as MspId);
    expect(await at('BMSP').list()).toMatchObject({ changes: [{ id }], away: ['CMSP'] });
    away.add('AMSP' as MspId);
    await expect(at('BMSP').sign(id)).rejects.toThrow('AMSP, CMSP did not answer');
  });
});

describe('a channel that cannot be read now', () => {
  test('is told at its own changes, and stops none of the others', async () => {
    const lost = await at('AMSP').propose('aside', faster, 'in a channel that goes away');
    const { id } = await at('AMSP').propose(channel, faster, 'faster blocks');
    unreadable.add('aside');
    const { changes } = await at('AMSP').list();
    expect(changes.find((one) => one.id === lost.id)).toMatchObject({
      state: 'open',
      unreviewed: 'aside cannot be read now: no peer keeps aside',
    });
    expect(changes.find((one) => one.id === id)).toMatchObject({ review: { bar: { needed: 2 } } });
    expect(await at('AMSP').offered('BMSP' as MspId)).toEqual([id]);
    expect(await at('BMSP').list()).toMatchObject({ changes: [{ id }], away: [] });
    await expect(at('AMSP').sign(lost.id)).rejects.toThrow('no peer keeps aside');
    await expect(at('AMSP').offer('BMSP' as MspId, lost.id)).rejects.toThrow('no peer keeps aside');
    expect(await carry(id, ['BMSP', 'CMSP'])).toMatchObject({ state: 'in-force' });
    unreadable.clear();
    expect(await at('AMSP').offered('BMSP' as MspId)).toEqual([lost.id]);
  });
});

describe('what a gateway does not take', () => {
  const proposalOf = async (mspId: string, edit: ConfigEdit = faster) => {
    const { id } = await at(mspId).propose(channel, edit, 'x');
    return { id, proposal: await at(mspId).file(id) };
  };

  test('a wreck, before anyone signs, also when another organization offers it without our guard', async () => {
    const wreck: ConfigEdit = { kind: 'set-policy', path: '/Channel/Application/Admins', rule: "AND('XMSP.admin')" };
    await expect(at('AMSP').propose(channel, wreck, 'x')).rejects.toThrow('would wreck the channel');
    const { group } = readChannelConfig(ordering.newest);
    const wanted = copyGroup(group);
    applyEdit(wanted, wreck);
    const { proposal } = await proposalOf('AMSP');
    const forged = { ...proposal, update: Buffer.from(configUpdate(channel, group, wanted)).toString('base64') };
    const id = changeIdOf(forged);
    Object.assign(at('AMSP'), {
      offered: async () => [id],
      offer: async () => ({ id, proposer: 'AMSP', proposedAt: now.toISOString(), proposal: forged }),
    });
    expect((await at('BMSP').get(id)).review!.objections.map(({ code }) => code)).toContain('NAMES_ABSENT_MSP');
    await expect(at('BMSP').sign(id)).rejects.toThrow('would wreck the channel');
    await expect(at('BMSP').takeIn(forged)).rejects.toThrow('would wreck the channel');
  });

  test("another organization's signature in a third one's name", async () => {
    const { id, proposal } = await proposalOf('AMSP');
    const update = Buffer.from(proposal.update, 'base64');
    const ofB = Buffer.from(signUpdate(organizations[1]!.admin, update)).toString('base64');
    await expect(at('AMSP').takeSignature('CMSP' as MspId, id, ofB)).rejects.toThrow(
      'each organization signs for itself',
    );
    const ofD = Buffer.from(signUpdate(organizations[3]!.admin, update)).toString('base64');
    await expect(at('AMSP').takeSignature('BMSP' as MspId, id, ofD)).rejects.toThrow(
      "not in the channel's configuration",
    );
    const byClient = Buffer.from(signUpdate(organizations[1]!.client, update)).toString('base64');
    await expect(at('AMSP').takeSignature('BMSP' as MspId, id, byClient)).rejects.toThrow('only admins approve');
    await expect(at('AMSP').takeSignature('BMSP' as MspId, id, 'AAAA')).rejects.toThrow();
    expect((await at('AMSP').file(id)).signatures).toEqual([]);
  });

  test('the signature of an admin whose certificate has ended: orderers would count it', async () => {
    const { authority, mspId } = organizations[1]!;
    const past = new Date(now.getTime() - 12 * 3_600_000);
    const ended = await issueIdentity(authority, { name: 'admin', role: 'admin', now: past, days: 0.25 });
    const admin = signatory({ mspId, certificate: ended.certificate, privateKey: ended.key });
    gateways.set(mspId as MspId, gatewayOf(mspId as MspId, admin));
    const { id, proposal } = await proposalOf('AMSP');
    await expect(at('BMSP').sign(id)).rejects.toThrow(/ended on .*: renew it/);
    const signature = Buffer.from(signUpdate(admin, Buffer.from(proposal.update, 'base64'))).toString('base64');
    await expect(at('AMSP').takeSignature(mspId as MspId, id, signature)).rejects.toThrow('renew it');
  });

  test('the signature of an admin who is revoked, from the block that says so', async () => {
    const { authority, admin, mspId } = organizations[1]!;
    const { serialNumber } = new X509Certificate(admin.certificate);
    const list = await revocationList(authority, [{ serialNumber, revokedAt: now }], 1, now);
    const revoking = await at('BMSP').propose(
      channel,
      { kind: 'set-revocation-list', mspId, lists: [list] },
      'lost key',
    );
    expect(await carry(revoking.id, ['BMSP'])).toMatchObject({ state: 'in-force' });
    const { id } = await at('AMSP').propose(channel, faster, 'faster');
    await expect(at('BMSP').sign(id)).rejects.toThrow('is revoked');
  });

  test('a file that is none, or for another channel or configuration', async () => {
    const { proposal } = await proposalOf('AMSP');
    await expect(at('BMSP').takeIn({ ...proposal, channel: 'other' })).rejects.toThrow('for channel offline');
    await expect(at('BMSP').takeIn({ ...proposal, sequence: 7 })).rejects.toThrow('propose it again');
    await expect(at('BMSP').takeIn({ ...proposal, update: 'AAAA' })).rejects.toThrow();
  });

  test('more open changes than everybody would want to review', async () => {
    for (let n = 1; n <= mostOpen; n++) await at('AMSP').propose(channel, { kind: 'set-batch', timeout: `${n}s` }, 'x');
    await expect(at('AMSP').propose(channel, faster, 'x')).rejects.toThrow('submit or withdraw some first');
  });
});

describe('a change of consenters', () => {
  test('is sent only while enough of those that would be left are alive', async () => {
    const { id } = await at('AMSP').propose(channel, { kind: 'remove-consenter', address: 'localhost:7052' }, 'x');
    for (const mspId of ['AMSP', 'BMSP']) await at(mspId).sign(id);
    down.add('localhost:7051');
    await expect(at('AMSP').submit(id)).rejects.toThrow(
      'too few orderers are alive for this change: of 2 that would be left 2 must answer, and localhost:7051 does not',
    );
    expect(ordering.blocks).toHaveLength(1);
    down.clear();
    expect(await at('AMSP').submit(id)).toMatchObject({ state: 'in-force' });
  });
});

describe('a change carried by hand', () => {
  test('is signed in another place and taken in with the signatures that are right', async () => {
    const { id } = await at('AMSP').propose(channel, faster, 'faster');
    const file = await at('AMSP').file(id);
    expect(await at('CMSP').takeIn(file)).toMatchObject({ id, proposer: 'CMSP' });
    await at('CMSP').sign(id);
    const signed = await at('CMSP').file(id);
    await at('AMSP').sign(id);
    expect(await at('AMSP').takeIn(signed)).toMatchObject({
      id,
      review: { progress: { signed: ['AMSP', 'CMSP'], complete: true } },
    });
    expect(await at('AMSP').submit(id)).toMatchObject({ state: 'in-force' });
  });
});

describe('versions of Fabric', () => {
  const bft: ConfigEdit = { kind: 'set-capability', section: 'Channel', name: 'V3_0' };

  test('are asked of every member, and one that does not say counts as the lowest', async () => {
    versions = new Map([
      ['AMSP' as MspId, '3.1'],
      ['BMSP' as MspId, '3.1'],
    ]);
    for (const mspId of mspIds) gateways.set(mspId, gatewayOf(mspId));
    await expect(at('AMSP').propose(channel, bft, 'newer')).rejects.toThrow('AMSP 3.1, BMSP 3.1, CMSP does not say');
    versions.set('CMSP' as MspId, '3.1');
    const { id } = await at('AMSP').propose(channel, bft, 'newer');
    expect((await at('BMSP').get(id)).review!.objections).toEqual([]);
  });
});
