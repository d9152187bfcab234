import { randomBytes } from 'node:crypto';
import { fetchBlock, fetchConfigBlock, type OrdererConnection } from '@d-cloud/network/admin';
import { signatory } from '@d-cloud/network/ledger';
import {
  Block,
  BroadcastResponse,
  ChannelHeader,
  DeliverResponse,
  Envelope,
  headerTypes,
  Payload,
  SeekInfo,
  SignatureHeader,
  statusNames,
} from '@d-cloud/network/ledger/messages';
import { status } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { commit } from './answers.ts';
import type { Stage } from './conformance.ts';
import { differences } from './differences.ts';
import { exchange } from './raw-calls.ts';

const broadcasting = '/orderer.AtomicBroadcast/Broadcast';
const delivering = '/orderer.AtomicBroadcast/Deliver';
const notWriters =
  "FORBIDDEN implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Writers' sub-policies to be satisfied: permission denied";

interface Letter {
  readonly type?: number;
  readonly channelId?: string;
  readonly seconds?: number;
  readonly data?: Uint8Array;
}

/** What orderers take from whom, and in which words they refuse: `orderer.AtomicBroadcast`. */
export function orderingStories(stage: () => Stage): void {
  const orderer = (): OrdererConnection => stage().consortium.orderer('A');

  /** An envelope as `by` signs it. */
  function letter({ signatory: by }: Pick<OrdererConnection, 'signatory'>, content: Letter = {}): Uint8Array {
    const { type = headerTypes.endorserTransaction, channelId = 'probes', data = randomBytes(8) } = content;
    const seconds = content.seconds ?? Math.floor(Date.now() / 1000);
    const header = {
      channelHeader: ChannelHeader.encode({ type, channelId, timestamp: { seconds, nanos: 0 } }),
      signatureHeader: SignatureHeader.encode({ creator: by.creator, nonce: randomBytes(24) }),
    };
    const payload = Payload.encode({ header, data });
    return Envelope.encode({ payload, signature: by.sign(payload) });
  }

  async function said(...envelopes: readonly Uint8Array[]): Promise<readonly string[]> {
    const { answers, code, text } = await exchange(orderer().client, broadcasting, ...envelopes);
    const read = answers.map((answer) => {
      const { status: number, info } = BroadcastResponse.decode(answer);
      return `${statusNames[number]} ${info}`.replace(/\s+/g, ' ').trim();
    });
    return code === status.OK ? read : [...read, `${status[code]} ${text.replace(/\s+/g, ' ')}`];
  }

  const blocks = async (by: OrdererConnection, seek: Uint8Array, content: Letter = {}): Promise<string> => {
    const asked = letter(by, { type: headerTypes.deliverSeekInfo, ...content, data: seek });
    const { answers } = await exchange(orderer().client, delivering, asked);
    const { block, status: number } = DeliverResponse.decode(answers[0]!);
    return block === undefined ? statusNames[number]! : `block ${block.header?.number}`;
  };
  const seek = (number: number, behavior = 1) =>
    SeekInfo.encode({ start: { specified: { number } }, stop: { specified: { number } }, behavior });

  test('orderers hand out the blocks of the channel as they were ordered, without codes', async () => {
    const { blockNumber } = await commit(stage().contract('A'), 'put', ['ordered', '1']);
    const number = Number(blockNumber);
    const ordered = Block.decode(await fetchBlock(orderer(), 'probes', number));
    const kept = Block.decode(await fetchBlock(stage().consortium.peer('A'), 'probes', number, { from: 'peer' }));
    expect(ordered.header).toEqual(kept.header);
    expect(ordered.data).toEqual(kept.data);
    expect([ordered.metadata!.metadata[2]!.length, kept.metadata!.metadata[2]!.length]).toEqual([0, 1]);
    const genesis = await stage().consortium.genesisBlock('probes');
    expect(Buffer.from(await fetchBlock(orderer(), 'probes', 0))).toEqual(Buffer.from(genesis));
    expect(Buffer.from(await fetchConfigBlock(orderer(), 'probes'))).toEqual(Buffer.from(genesis));
  });

  test('an orderer takes envelopes one after the other and ends after the first that it refuses', async () => {
    expect(await said(letter(orderer()), letter(orderer()))).toEqual(['SUCCESS', 'SUCCESS']);
    const refused = letter(orderer(), { type: headerTypes.config });
    expect(await said(letter(orderer()), refused, letter(orderer()))).toEqual([
      'SUCCESS',
      'BAD_REQUEST message is of type that cannot be processed directly',
    ]);
  });

  test('an orderer refuses what is malformed, foreign, too large, unsigned or expired', async () => {
    const { consortium } = stage();
    const unknown = `BAD_REQUEST ${differences[consortium.generation].unknownChannel}`;
    expect(await said(letter(orderer(), { channelId: 'nochan' }))).toEqual([unknown]);
    expect(await said(Envelope.encode({ payload: Payload.encode({}) }))).toEqual([
      'BAD_REQUEST could not determine channel ID: header not set',
    ]);
    expect(await said(Envelope.encode({ payload: Buffer.from([0xff, 0xff]) }))).toEqual([
      'BAD_REQUEST could not determine channel ID: error unmarshalling Payload: proto: cannot parse invalid wire-format data',
    ]);
    const { payload } = Envelope.decode(letter(orderer()));
    expect(await said(Envelope.encode({ payload, signature: randomBytes(70) }))).toEqual([notWriters]);
    expect(await said(Envelope.encode({ payload }))).toEqual([notWriters]);
    const large = letter(orderer(), { data: Buffer.alloc(10 << 20) });
    expect(await said(large)).toEqual([
      expect.stringMatching(/^BAD_REQUEST message payload is \d+ bytes and exceeds maximum allowed 10485760 bytes$/),
    ]);
    const { certificate, key } = await consortium.expired('A');
    const ended = signatory({ mspId: 'A', certificate, privateKey: key });
    expect(await said(letter({ signatory: ended }))).toEqual(['BAD_REQUEST broadcast client identity expired']);
    const stranger = signatory({ mspId: 'NoMSP', certificate, privateKey: key });
    expect(await said(letter({ signatory: stranger }))).toEqual([expect.stringMatching(/^(BAD_REQUEST|FORBIDDEN)/)]);
  });

  test('an orderer delivers to readers only, and says with a status what is wrong', async () => {
    const { consortium } = stage();
    expect(await blocks(orderer(), seek(0))).toBe('block 0');
    expect(await blocks(consortium.orderer('A', consortium.identity('B').signer, 'B'), seek(0))).toBe('block 0');
    expect(await blocks(orderer(), seek(0), { channelId: 'nochan' })).toBe('NOT_FOUND');
    expect(await blocks(orderer(), seek(100_000))).toBe('NOT_FOUND');
    expect(await blocks(orderer(), SeekInfo.encode({ behavior: 1 }))).toBe('BAD_REQUEST');
    expect(await blocks(orderer(), Buffer.from([0xff]))).toBe('BAD_REQUEST');
    expect(await blocks(orderer(), seek(0), { seconds: Math.floor(Date.now() / 1000) - 3600 })).toBe('BAD_REQUEST');
    const hour = { seconds: Math.floor(Date.now() / 1000) - 3600, channelId: 'nochan' };
    expect(await blocks(orderer(), seek(0), hour)).toBe('BAD_REQUEST');
    const { certificate, key } = await consortium.expired('A');
    const ended = signatory({ mspId: 'A', certificate, privateKey: key });
    expect(await blocks({ ...orderer(), signatory: ended }, seek(0))).toBe('FORBIDDEN');
    const stranger = { ...ended, sign: () => randomBytes(70) };
    expect(await blocks({ ...orderer(), signatory: stranger }, seek(0))).toBe('FORBIDDEN');
  });
}
