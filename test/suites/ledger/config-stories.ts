import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import {
  applyEdit,
  broadcast,
  type ConfigEdit,
  configUpdate,
  copyGroup,
  enrol,
  fetchBlock,
  fetchConfigBlock,
  foundOrganization,
  type Identity,
  mspRoots,
  type Organization,
  revocationList,
  signingAuthority,
  signUpdate,
  updateEnvelope,
} from '@d-cloud/network/admin';
import { signatory } from '@d-cloud/network/ledger';
import { Config, ConfigUpdate } from '@d-cloud/network/ledger/messages';
import { parseBlock, readChannelConfig, verifyConfigChain } from '@d-cloud/network/ledger/verify';
import type { Contract } from '@hyperledger/fabric-gateway';
import { expect, test } from '@jest/globals';
import { failure, take, text } from './answers.ts';
import type { Stage } from './conformance.ts';
import { type Member, members } from './probe-consortium.ts';

const CONFIG = 1;
const applying = "BAD_REQUEST: error applying config update to existing channel 'probes': ";
const majority = ['A', 'B'] as const;

type Signer = Identity['signer'];
const signatoryOf = ({ certificate, key }: Signer, mspId: string) => signatory({ mspId, certificate, privateKey: key });

/** How a channel's configuration changes: who must agree, what orderers refuse, and that a change is in force at once. */
export function configStories(stage: () => Stage): void {
  const orderer = (member: Member = 'A', as?: Signer, mspId?: string) => stage().consortium.orderer(member, as, mspId);
  const updateOf = async (...edits: readonly ConfigEdit[]): Promise<Uint8Array> => {
    const { group } = readChannelConfig(await fetchConfigBlock(orderer(), 'probes'));
    const wanted = copyGroup(group);
    for (const edit of edits) applyEdit(wanted, edit);
    return configUpdate('probes', group, wanted);
  };
  const signed = (
    update: Uint8Array,
    approvers: readonly Member[],
    submitter = orderer(),
    as = 'admin',
  ): Uint8Array => {
    const signatures = approvers.map((member) => signUpdate(stage().consortium.peer(member, as).signatory, update));
    return updateEnvelope(submitter.signatory, 'probes', update, signatures, new Date());
  };
  /** Why orderers refuse an envelope; `undefined` when they take it. */
  const refusal = async (envelope: Uint8Array, at = orderer()): Promise<string | undefined> => {
    const error = await broadcast(at, envelope).then(
      () => undefined,
      (cause: Error) => cause,
    );
    return error?.message.replace(/^sending to the orderer [ABC]: /, '');
  };
  /** Hands an update in and waits until every peer has its block. */
  const change = async (update: Uint8Array, approvers: readonly Member[] = majority): Promise<void> => {
    const { header } = parseBlock(await fetchBlock(orderer(), 'probes', 'newest'));
    const startBlock = BigInt(header.number + 1);
    expect(await refusal(signed(update, approvers))).toBeUndefined();
    for (const member of members) {
      using blocks = await stage().network(member).getFilteredBlockEvents({ startBlock });
      for await (const block of blocks) if (block.getFilteredTransactionsList()[0]?.getType() === CONFIG) break;
    }
  };
  const query = (chaincode: string, name: string, args: readonly string[], contract?: Contract) =>
    (contract ?? stage().contract('A', chaincode)).evaluate(name, { arguments: [...args] });

  test('a batch size that a majority of admins agreed upon is in force everywhere, and cscc tells of it', async () => {
    const before = Config.decode(await query('cscc', 'GetChannelConfig', ['probes']));
    await change(await updateOf({ kind: 'set-batch', maxMessageCount: 321 }));
    for (const member of members) {
      const cscc = stage().contract(member, 'cscc');
      const { sequence } = Config.decode(await query('cscc', 'GetChannelConfig', ['probes'], cscc));
      expect(sequence).toBe(before.sequence + 1);
      const block = await query('cscc', 'GetConfigBlock', ['probes'], cscc);
      const config = readChannelConfig(block);
      expect(config.blockHash).toEqual(readChannelConfig(await fetchConfigBlock(orderer(), 'probes')).blockHash);
      expect(config.sequence).toBe(sequence);
    }
    expect(text(await stage().contract('A').submitTransaction('put', 'config', 'after'))).toBe('ok');
  });

  test('an update with too few signatures, or with those of nobody who counts, is refused', async () => {
    const update = await updateOf({ kind: 'set-batch', maxMessageCount: 322 });
    const unsatisfied = (count: number) =>
      `${applying}error authorizing update: error validating DeltaSet: policy for [Value]  /Channel/Orderer/BatchSize not satisfied: implicit policy evaluation failed - ${count} sub-policies were satisfied, but this policy requires 2 of the 'Admins' sub-policies to be satisfied`;
    expect(await refusal(signed(update, ['A']))).toBe(unsatisfied(1));
    expect(await refusal(signed(update, ['A', 'A']))).toBe(unsatisfied(1));
    expect(await refusal(signed(update, []))).toBe(unsatisfied(0));
    expect(await refusal(signed(update, members, orderer(), 'gateway'))).toBe(unsatisfied(0));
  });

  test('an update that was made for another state of the configuration is refused', async () => {
    const stale = await updateOf({ kind: 'set-batch', maxMessageCount: 323 });
    const grown = await updateOf({
      kind: 'set-acl',
      resource: 'lscc/ChaincodeExists',
      policy: '/Channel/Application/Readers',
    });
    await change(await updateOf({ kind: 'set-batch', maxMessageCount: 324 }));
    expect(await refusal(signed(stale, majority))).toMatch(
      /^BAD_REQUEST: error applying config update to existing channel 'probes': error authorizing update: error validating DeltaSet: attempt to set key \[Value\] {2}\/Channel\/Orderer\/BatchSize to version \d+, but key is at version \d+$/,
    );
    await change(
      await updateOf({ kind: 'set-acl', resource: 'lscc/GetChaincodeData', policy: '/Channel/Application/Readers' }),
    );
    expect(await refusal(signed(grown, majority))).toMatch(
      /error authorizing update: error validating ReadSet: proposed update requires that key \[Group\] {2}\/Channel\/Application be at version \d+, but it is currently at version \d+$/,
    );
  });

  test('what makes no sense is refused whoever signed it', async () => {
    const sense = async (edit: ConfigEdit) => refusal(signed(await updateOf(edit), majority));
    const initializing = `${applying}initializing channelconfig failed: could not create channel Orderer sub-group config: `;
    expect(await sense({ kind: 'set-batch', timeout: 'soon' })).toBe(
      `${initializing}Attempted to set the batch timeout to a invalid value: time: invalid duration "soon"`,
    );
    expect(await sense({ kind: 'set-batch', timeout: '5' })).toBe(
      `${initializing}Attempted to set the batch timeout to a invalid value: time: missing unit in duration "5"`,
    );
    expect(await sense({ kind: 'set-batch', timeout: '-1s' })).toBe(
      `${initializing}Attempted to set the batch timeout to a non-positive value: -1s`,
    );
    expect(await sense({ kind: 'set-batch', maxMessageCount: 0 })).toBe(
      `${initializing}Attempted to set the batch size max message count to an invalid value: 0`,
    );
    expect(await sense({ kind: 'set-capability', section: 'Orderer', name: 'V9_9' })).toBe(
      `${applying}config update is not compatible: config requires unsupported orderer capabilities: Orderer capability V9_9 is required but not supported: Orderer capability V9_9 is required but not supported`,
    );
    const update = await updateOf({ kind: 'set-batch', maxMessageCount: 325 });
    const elsewhere = ConfigUpdate.encode({ ...ConfigUpdate.decode(update), channelId: 'elsewhere' });
    expect(await refusal(signed(elsewhere, majority))).toBe(
      `${applying}error authorizing update: ConfigUpdate for channel 'elsewhere' but envelope for channel 'probes'`,
    );
  });

  test('whoever may not write, or whose certificate has ended, cannot hand an update in', async () => {
    const update = await updateOf({ kind: 'set-batch', maxMessageCount: 326 });
    const initial = 'config update for existing channel did not pass initial checks: ';
    const expired = orderer('A', await stage().consortium.expired('A'));
    expect(await refusal(signed(update, majority, expired))).toBe(
      `BAD_REQUEST: ${initial}broadcast client identity expired`,
    );
    const stranger = orderer('A', (await newcomer()).identity.signer, 'D');
    expect(await refusal(signed(update, majority, stranger))).toBe(
      `FORBIDDEN: ${initial}implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Writers' sub-policies to be satisfied: permission denied`,
    );
  });

  test("an access rule of the channel's guards what it names", async () => {
    expect((await query('qscc', 'GetChainInfo', ['probes'])).length).toBeGreaterThan(0);
    await change(
      await updateOf({ kind: 'set-acl', resource: 'qscc/GetChainInfo', policy: '/Channel/Application/Admins' }),
    );
    const why =
      "access denied for [GetChainInfo][probes]: [failed evaluating policy on signed data during check policy [/Channel/Application/Admins]: [implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 2 of the 'Admins' sub-policies to be satisfied]]";
    expect((await failure(query('qscc', 'GetChainInfo', ['probes']))).text).toBe(
      `evaluate call to endorser returned error: chaincode response 500, ${why}`,
    );
    await change(
      await updateOf({ kind: 'set-acl', resource: 'qscc/GetChainInfo', policy: '/Channel/Application/Readers' }),
    );
    expect((await query('qscc', 'GetChainInfo', ['probes'])).length).toBeGreaterThan(0);
  });

  test('blocks may be kept from readers who still get filtered ones', async () => {
    const { consortium } = stage();
    const atPeer = consortium.peer('A', 'gateway');
    expect(parseBlock(await fetchBlock(atPeer, 'probes', 0, { from: 'peer' })).header.number).toBe(0);
    await change(await updateOf({ kind: 'set-acl', resource: 'event/Block', policy: '/Channel/Application/Admins' }));
    await expect(fetchBlock(atPeer, 'probes', 0, { from: 'peer' })).rejects.toThrow('FORBIDDEN');
    const [first] = await take(await stage().network('A').getFilteredBlockEvents({ startBlock: 0n }), 1);
    expect(first?.getNumber()).toBe(0);
    await change(await updateOf({ kind: 'set-acl', resource: 'event/Block', policy: '/Channel/Application/Readers' }));
    expect(parseBlock(await fetchBlock(atPeer, 'probes', 0, { from: 'peer' })).header.number).toBe(0);
  });

  test('a certificate that has ended opens no block at any door', async () => {
    const { consortium } = stage();
    const expired = await consortium.expired('A');
    const atPeer = { client: consortium.client('A'), signatory: signatoryOf(expired, 'A'), name: 'A' };
    await expect(fetchBlock(atPeer, 'probes', 0, { from: 'peer' })).rejects.toThrow('FORBIDDEN');
    await expect(fetchBlock(orderer('A', expired), 'probes', 0)).rejects.toThrow('FORBIDDEN');
  });

  test('a certificate on a revocation list is refused at every door, at once', async () => {
    const { consortium } = stage();
    const organization = consortium.organization('A');
    const { signer } = await enrol(organization, { name: 'leaver', role: 'client' }, new Date());
    const contract = consortium.gateway('A', signer).getNetwork('probes').getContract('probe');
    expect(text(await contract.submitTransaction('put', 'leaver', 'here'))).toBe('ok');
    const endorsed = await contract.newProposal('put', { arguments: ['leaver', 'late'] }).endorse();
    const now = new Date();
    const revoked = [{ serialNumber: new X509Certificate(signer.certificate).serialNumber, revokedAt: now }];
    const list = await revocationList(await signingAuthority(organization), revoked, 1, now);
    await change(await updateOf({ kind: 'set-revocation-list', mspId: 'A', lists: [list] }));
    const denied = 'error validating proposal: access denied: channel [probes] creator org [A]';
    expect(await failure(contract.evaluateTransaction('get', 'leaver'))).toEqual({
      code: 'FAILED_PRECONDITION',
      text: `evaluate call to endorser returned error: ${denied}`,
      details: [`A: ${denied}`],
    });
    expect(await failure(contract.submitTransaction('put', 'leaver', 'gone'))).toEqual({
      code: 'ABORTED',
      text: 'failed to endorse transaction, see attached details for more info',
      details: [`A: ${denied}`],
    });
    const atPeer = { client: consortium.client('A'), signatory: signatoryOf(signer, 'A'), name: 'A' };
    const readers =
      "Failed evaluating policy on signed data during check policy on channel [probes] with policy [/Channel/Application/Readers]: [implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Readers' sub-policies to be satisfied]";
    const events = await consortium.gateway('A', signer).getNetwork('probes').getChaincodeEvents('probe');
    expect(await failure(take(events, 1))).toEqual({ code: 'PERMISSION_DENIED', text: readers, details: [] });
    await expect(fetchBlock(atPeer, 'probes', 0, { from: 'peer' })).rejects.toThrow('FORBIDDEN');
    await expect(fetchBlock(orderer('A', signer), 'probes', 0)).rejects.toThrow('FORBIDDEN');
    const late = await failure(endorsed.submit());
    expect(late.code).toBe('ABORTED');
    expect(late.details.join() || late.text).toContain(
      "status=FORBIDDEN, info=implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Writers' sub-policies to be satisfied: permission denied",
    );
    expect(text(await stage().contract('A').evaluateTransaction('get', 'leaver'))).toBe('here');
  });

  test('an organization that is added may use the channel at once, and may not when it is removed', async () => {
    const { organization, identity } = await newcomer();
    const contract = stage().consortium.gateway('A', identity.signer, 'D').getNetwork('probes').getContract('probe');
    const unknown =
      'error validating proposal: access denied: channel [probes] creator org unknown, creator is malformed';
    const refused = {
      code: 'FAILED_PRECONDITION',
      text: `evaluate call to endorser returned error: ${unknown}`,
      details: [`A: ${unknown}`],
    };
    expect(await failure(contract.evaluateTransaction('who'))).toEqual(refused);
    const roots = await mspRoots(organization);
    await change(await updateOf({ kind: 'add-organization', mspId: 'D', roots }));
    expect(text(await contract.evaluateTransaction('who'))).toBe('D');
    expect(text(await contract.submitTransaction('put', 'newcomer', 'here'))).toBe('ok');
    // Of four organizations three are the majority.
    await change(await updateOf({ kind: 'remove-organization', mspId: 'D' }), members);
    expect(await failure(contract.evaluateTransaction('who'))).toEqual(refused);
    expect(text(await stage().contract('A').evaluateTransaction('get', 'newcomer'))).toBe('here');
  });

  test('the config blocks prove one another from the genesis block on, as verifiers of evidence ask', async () => {
    const { consortium } = stage();
    const blocks = await consortium.ledger('B').configBlocks('newest');
    const configs = verifyConfigChain(Buffer.from(consortium.genesisHash, 'hex'), blocks);
    expect(configs.length).toBeGreaterThan(8);
    const { sequence } = Config.decode(await query('cscc', 'GetChannelConfig', ['probes']));
    expect(configs.at(-1)?.sequence).toBe(sequence);
  });

  /** An organization that the channel does not know, and a client of it. */
  async function newcomer(): Promise<{ organization: Organization; identity: Identity }> {
    const directory = join(stage().consortium.directory, 'newcomers');
    const organization = await foundOrganization({ directory, name: 'd', mspId: 'D', now: new Date() });
    return { organization, identity: await enrol(organization, { name: 'client', role: 'client' }, new Date()) };
  }
}
