import { createHash, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { issueIdentity } from '../../admin/certificates/authority.ts';
import { revocationList } from '../../admin/certificates/revocation.ts';
import { applyEdit, configUpdate, copyGroup } from '../../admin/changes/index.ts';
import { Fault } from '../fault.ts';
import { signatory } from '../identity.ts';
import { Block, Envelope, FabricMspConfig, MspConfig, ProcessedTransaction } from '../messages/index.ts';
import {
  type OfflineOrganization,
  offlineBlock,
  offlineConfigBlock,
  offlineGenesis,
  offlineOrganization,
  offlineTransaction,
} from '../testing/offline-channel.ts';
import { readMsp } from './channel-config.ts';
import {
  answeredTransaction,
  blockHash,
  type ChannelConfig,
  configAt,
  type EndorsedAnswer,
  parseBlock,
  readChannelConfig,
  verifyAnswer,
  verifyBlock,
  verifyConfigChain,
  verifyFollows,
  verifyInForce,
  verifyTransaction,
} from './index.ts';

const now = new Date('2026-11-22T12:00:00Z');
let a: OfflineOrganization;
let b: OfflineOrganization;
let stranger: OfflineOrganization;
let genesis: Uint8Array;
let config: ChannelConfig;

beforeAll(async () => {
  [a, b, stranger] = (await Promise.all(
    ['OrgAMSP', 'OrgBMSP', 'OrgAMSP'].map((id) => offlineOrganization(id, now)),
  )) as [OfflineOrganization, OfflineOrganization, OfflineOrganization];
  genesis = offlineGenesis([a, b], now);
  config = readChannelConfig(genesis);
});

const call = (change: Partial<Parameters<typeof offlineTransaction>[0]> = {}) =>
  offlineTransaction({ creator: a.client, endorsers: [a.peer, b.peer], now, ...change });

/** Every byte changed in turn: whatever one touches, somebody notices. */
function everyFlip(bytes: Uint8Array, check: (changed: Uint8Array) => unknown): number {
  let looked = 0;
  for (let at = 0; at < bytes.length; at += 7) {
    const changed = Uint8Array.from(bytes);
    changed[at]! ^= 1;
    expect(() => check(changed)).toThrow();
    looked += 1;
  }
  return looked;
}

/** What a check of bytes ends in: nothing, or the kind of its fault; anything else is a bug. */
function outcome(check: () => unknown): string {
  try {
    check();
    return 'accepted';
  } catch (error) {
    return error instanceof Fault ? error.kind : String(error);
  }
}

describe('bytes of a stranger', () => {
  const checks = (bytes: Uint8Array): (() => unknown)[] => [
    () => readChannelConfig(bytes),
    () => verifyBlock(bytes, config),
    () => verifyTransaction(bytes, config),
    () => verifyConfigChain(blockHash(parseBlock(genesis).header), [bytes]),
  ];

  test('end in a fault of kind corrupt, whatever they are', () => {
    const sources = [genesis, offlineBlock(genesis, [call().envelope], a.orderer), call().envelope];
    let looked = 0;
    for (const source of sources) {
      for (let round = 0; round < 150; round++) {
        const bytes = Uint8Array.from(
          source.subarray(0, round % 3 === 0 ? (source.length * round) / 150 : source.length),
        );
        for (let change = 0; change < 3; change++)
          bytes[(round * 7919 + change * 104729) % bytes.length] = (round * 31) & 0xff;
        for (const check of checks(bytes)) {
          expect(['corrupt', 'accepted']).toContain(outcome(check));
          looked += 1;
        }
      }
    }
    expect(looked).toBe(sources.length * 150 * 4);
  });
});

describe('a block', () => {
  test('is signed by an orderer of the channel and follows the one before', () => {
    const block = offlineBlock(genesis, [call().envelope], b.orderer);
    const verified = verifyBlock(block, config);
    expect(verified.signers).toEqual(['OrgBMSP']);
    expect([...verified.validationCodes]).toEqual([0]);
    expect(() => verifyFollows(parseBlock(genesis), verified)).not.toThrow();
    const second = parseBlock(offlineBlock(block, [], a.orderer));
    expect(() => verifyFollows(verified, second)).not.toThrow();
    expect(() => verifyFollows(parseBlock(genesis), second)).toThrow('does not follow');
  });

  test.each([
    ['a peer', () => a.peer, 'signed by a peer'],
    ['an orderer of another authority with the same name', () => stranger.orderer, 'does not chain'],
  ])('is refused when %s signed it', (_who, signer, reason) => {
    expect(() => verifyBlock(offlineBlock(genesis, [], signer()), config)).toThrow(reason);
  });

  test('is refused when nobody signed it', () => {
    expect(() => verifyBlock(genesis, config)).toThrow('no orderer signed');
  });

  test('is refused when another envelope stands in it', () => {
    const { header, metadata } = parseBlock(offlineBlock(genesis, [call().envelope], a.orderer));
    const other = parseBlock(offlineBlock(genesis, [call().envelope], a.orderer));
    expect(Buffer.compare(header.dataHash, other.header.dataHash)).not.toBe(0);
    expect(metadata).toHaveLength(5);
    const forged = Block.encode({
      header,
      data: { data: [...other.envelopes] },
      metadata: { metadata: [...metadata] },
    });
    expect(() => verifyBlock(forged, config)).toThrow('are not those of its header');
  });
});

describe('a transaction', () => {
  test('shows who asked, who endorsed, and what came out', () => {
    const { envelope, transactionId } = call({ args: ['grant:issue', '{}'], answer: Buffer.from('done') });
    const verified = verifyTransaction(envelope, config);
    expect(verified.endorsers).toEqual(['OrgAMSP', 'OrgBMSP']);
    expect(verified.creator).toMatchObject({ mspId: 'OrgAMSP', role: 'client', commonName: 'client.OrgAMSP' });
    expect(verified.transaction).toMatchObject({ id: transactionId, function: 'grant:issue', chaincode: 'dcloud' });
    expect(Buffer.from(verified.result).toString()).toBe('done');
  });

  test('is refused whatever byte of it is changed', () => {
    const { envelope } = call();
    expect(everyFlip(envelope, (changed) => verifyTransaction(changed, config))).toBeGreaterThan(300);
  });

  test('is refused when a client endorsed it', () => {
    expect(() => verifyTransaction(call({ endorsers: [a.client] }).envelope, config)).toThrow(
      'a client of OrgAMSP endorsed',
    );
  });

  test('is refused when a stranger says he is of the channel', () => {
    expect(() => verifyTransaction(call({ creator: stranger.client }).envelope, config)).toThrow('does not chain');
  });
});

describe('a signed answer', () => {
  const ask = (
    endorser = b.peer,
    args = ['GetTransactionByID', 'offline', 'ab'],
    chaincode = 'qscc',
  ): EndorsedAnswer => {
    const payload = { signature: new Uint8Array(0), payload: Buffer.from('x') };
    const answer = ProcessedTransaction.encode({ transactionEnvelope: payload, validationCode: 11 });
    const made = call({ endorsers: [endorser], chaincode, args, answer });
    const { channelHeader, signatureHeader, payload: proposalPayload, responsePayload, endorsements } = made;
    return { channelHeader, signatureHeader, proposalPayload, responsePayload, ...endorsements[0]! };
  };

  test('binds organization, question and answer', () => {
    const verified = verifyAnswer(ask(), config);
    expect(verified).toMatchObject({ organization: 'OrgBMSP', query: 'GetTransactionByID', args: ['ab'] });
    expect(answeredTransaction(verified)).toMatchObject({ transactionId: 'ab', validationCode: 11 });
    expect(Envelope.decode(answeredTransaction(verified).envelope).payload).toHaveLength(1);
  });

  test.each([
    'channelHeader',
    'signatureHeader',
    'proposalPayload',
    'responsePayload',
    'endorser',
    'signature',
  ] as const)('is refused whatever byte of its %s is changed', (part) => {
    const answer = ask();
    expect(everyFlip(answer[part], (changed) => verifyAnswer({ ...answer, [part]: changed }, config))).toBeGreaterThan(
      5,
    );
  });

  test('is refused of an admin, of another chaincode, about another channel', () => {
    expect(() => verifyAnswer(ask(b.admin), config)).toThrow("a admin of OrgBMSP signed a peer's answer");
    expect(() => verifyAnswer(ask(b.peer, ['GetTransactionByID', 'offline'], 'dcloud'), config)).toThrow('not of qscc');
    expect(() => verifyAnswer(ask(b.peer, ['GetTransactionByID', 'other'], 'qscc'), config)).toThrow('another channel');
  });

  test('is refused of a peer whose certificate the configuration revokes', async () => {
    const { certificate, key } = await issueIdentity(b.authority, { name: 'thief', role: 'peer', now });
    const thief = signatory({ mspId: 'OrgBMSP', certificate, privateKey: key });
    expect(verifyAnswer(ask(thief), config).organization).toBe('OrgBMSP');
    const serialNumber = new X509Certificate(certificate).serialNumber;
    const list = await revocationList(b.authority, [{ serialNumber, revokedAt: now }], 1, now);
    const revoking = { ...b, roots: { ...b.roots, revocationLists: [list] } };
    const after = readChannelConfig(offlineGenesis([a, revoking], now));
    expect(() => verifyAnswer(ask(thief), after)).toThrow('is revoked');
    expect(verifyAnswer(ask(), after).organization).toBe('OrgBMSP');
  });
});

describe('the chain of configurations', () => {
  test('begins at the pinned genesis block and nowhere else', () => {
    const pinned = blockHash(parseBlock(genesis).header);
    expect(verifyConfigChain(pinned, [genesis])[0]).toMatchObject({ channel: 'offline', sequence: 0 });
    const other = offlineGenesis([a, b], now);
    expect(() => verifyConfigChain(pinned, [other])).toThrow('not the genesis block that was pinned');
    expect(() => verifyConfigChain(createHash('sha256').digest(), [genesis])).toThrow('pinned');
    expect(() => verifyConfigChain(pinned, [])).toThrow('no genesis block');
  });

  test('does not take a block of transactions for a configuration', () => {
    const pinned = blockHash(parseBlock(genesis).header);
    const block = offlineBlock(genesis, [call().envelope], a.orderer);
    expect(() => verifyConfigChain(pinned, [genesis, block])).toThrow('is not a config block');
  });

  describe('after an update', () => {
    const update = () => {
      const wanted = copyGroup(config.group);
      applyEdit(wanted, { kind: 'set-batch', timeout: '1s' });
      return configUpdate('offline', config.group, wanted);
    };
    const chain = (block: Uint8Array) => verifyConfigChain(blockHash(parseBlock(genesis).header), [genesis, block]);

    test('goes on when enough admins signed what the block states', () => {
      const configs = chain(offlineConfigBlock(genesis, update(), [a.admin, b.admin], a.orderer));
      expect(configs.map(({ sequence, blockNumber }) => [sequence, blockNumber])).toEqual([
        [0, 0],
        [1, 1],
      ]);
      expect(configAt(configs, 1)).toBe(configs[0]);
      expect(configAt(configs, 2)).toBe(configs[1]);
    });

    test.each([
      ['one admin of two', () => [a.admin]],
      ['an admin twice', () => [a.admin, a.admin]],
      ['a client for the other organization', () => [a.admin, b.client]],
      ['a stranger', () => [a.admin, stranger.admin]],
    ])('is refused when %s approved, though an orderer signed the block', (_who, approvals) => {
      const block = offlineConfigBlock(genesis, update(), approvals(), a.orderer);
      expect(() => chain(block)).toThrow('its signatures do not satisfy /Channel/Orderer/Admins');
    });

    test('is refused when the block states more than was approved', () => {
      const more = copyGroup(config.group);
      applyEdit(more, { kind: 'set-batch', timeout: '1s', maxMessageCount: 1 });
      const block = offlineConfigBlock(genesis, update(), [a.admin, b.admin], a.orderer, more);
      expect(() => chain(block)).toThrow('does not give the configuration that the block states');
    });
  });
});

test('a block stands only under the configuration that its orderers signed it was cut under', () => {
  const under = (lastConfig: number) =>
    verifyBlock(offlineBlock(genesis, [call().envelope], a.orderer, { lastConfig }), config);
  expect(() => verifyInForce(under(0), config)).not.toThrow();
  expect(() => verifyInForce(under(3), config)).toThrow(/cut under config block 3, not under 0/);
});

test('an organization that puts an MSP of another kind in its place is read by name, and nothing verifies under it', () => {
  const inside = FabricMspConfig.encode({ name: 'OddMSP', rootCerts: [Buffer.from('not for us')] });
  const msp = readMsp(MspConfig.encode({ type: 1, config: inside }));
  expect(msp).toMatchObject({ mspId: 'OddMSP', rootCertificates: [], tlsRootCertificates: [], nodeOUs: undefined });
});
