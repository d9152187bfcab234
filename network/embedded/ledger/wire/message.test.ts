import protos from '@hyperledger/fabric-protos';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ChannelHeader, Envelope } from './envelope.ts';
import { KvRwSet } from './rwset.ts';
import { ChaincodeMessage } from './shim.ts';

const { common, ledger, peer } = protos;
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const version = fc.record({ blockNumber: fc.nat(2 ** 40), txNumber: fc.nat() });

describe('messages', () => {
  test('are written as generated code writes them, and read back the same', () => {
    const header = fc.record({
      type: fc.integer({ min: -5, max: 200 }),
      version: fc.nat(3),
      timestamp: fc.record({ seconds: fc.nat(2 ** 45), nanos: fc.nat() }),
      channelId: fc.string({ unit: 'binary' }),
      txId: fc.string(),
      epoch: fc.nat(2 ** 50),
      extension: bytes,
      tlsCertHash: bytes,
    });
    fc.assert(
      fc.property(header, (value) => {
        const encoded = ChannelHeader.encode(value);
        const theirs = common.ChannelHeader.deserializeBinary(encoded);
        expect(theirs.getChannelId()).toBe(value.channelId);
        expect(theirs.getType()).toBe(value.type);
        expect(theirs.getEpoch()).toBe(value.epoch);
        expect(theirs.getTimestamp()!.getSeconds()).toBe(value.timestamp.seconds);
        expect(Buffer.from(theirs.serializeBinary()).equals(encoded)).toBe(true);
        expect(ChannelHeader.decode(encoded)).toEqual(value);
      }),
      { numRuns: 1000, seed: 7 },
    );
  });

  test('with lists and nested messages too', () => {
    const write = fc.record({ key: fc.string(), isDelete: fc.boolean(), value: bytes });
    const set = fc.record({
      reads: fc.array(fc.record({ key: fc.string(), version: fc.option(version, { nil: undefined }) })),
      rangeQueries: fc.constant([]),
      writes: fc.array(write),
      metadataWrites: fc.array(
        fc.record({ key: fc.string(), entries: fc.array(fc.record({ name: fc.string(), value: bytes })) }),
      ),
    });
    fc.assert(
      fc.property(set, (value) => {
        const encoded = KvRwSet.encode(value);
        const theirs = ledger.rwset.kvrwset.KVRWSet.deserializeBinary(encoded);
        expect(theirs.getWritesList().map((each) => each.getKey())).toEqual(value.writes.map(({ key }) => key));
        expect(Buffer.from(theirs.serializeBinary()).equals(encoded)).toBe(true);
        expect(KvRwSet.decode(encoded)).toEqual(value);
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  test('larger than the writing buffer keep their bytes', () => {
    const payload = Buffer.alloc(300_000, 'x');
    expect(Envelope.decode(Envelope.encode({ payload, signature: Buffer.from('s') })).payload.equals(payload)).toBe(
      true,
    );
    const theirs = peer.ChaincodeMessage.deserializeBinary(ChaincodeMessage.encode({ type: 6, payload, txId: 't' }));
    expect(theirs.getPayload_asU8().length).toBe(payload.length);
  });

  test('that are cut short or nonsense are refused or read, but never hang or leave their bounds', () => {
    const whole = ChannelHeader.encode({
      type: 3,
      channelId: 'channel',
      txId: 'ab'.repeat(32),
      extension: Buffer.alloc(9, 1),
    });
    for (let length = 0; length < whole.length; length++) {
      try {
        const read = ChannelHeader.decode(whole.subarray(0, length));
        expect(ChannelHeader.encode(read).length).toBeLessThanOrEqual(length);
      } catch (cause) {
        expect((cause as Error).message).toContain('cannot parse');
      }
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (garbage) => {
        try {
          KvRwSet.decode(garbage);
        } catch (cause) {
          expect((cause as Error).message).toContain('cannot parse');
        }
      }),
      { numRuns: 3000, seed: 7 },
    );
  });

  test('skip fields that they do not know', () => {
    const unknown = Buffer.from([0x7a, 2, 1, 2, 0x78, 5, 0x7d, 1, 2, 3, 4, 0x79, 1, 2, 3, 4, 5, 6, 7, 8]);
    const read = Envelope.decode(Buffer.concat([unknown, Envelope.encode({ payload: Buffer.from('p') }), unknown]));
    expect(read.payload.toString()).toBe('p');
  });
});
