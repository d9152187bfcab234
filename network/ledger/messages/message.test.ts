import { describe, expect, test } from '@jest/globals';
import { ChannelHeader, Header, Payload } from './block.ts';
import { ConfigGroup } from './configuration.ts';
import { bytesMap, message, string } from './message.ts';
import { SeekSpecified } from './ordering.ts';
import { SignaturePolicy } from './policy.ts';
import { MalformedMessage } from './wire.ts';

const bytes = (hex: string) => Buffer.from(hex, 'hex');

describe('the protobuf codec', () => {
  test('writes fields by number and leaves defaults out', () => {
    const encoded = ChannelHeader.encode({ channelId: 'ch', type: 3, epoch: 0, version: 0 });
    expect(Buffer.from(encoded).toString('hex')).toBe('080322026368');
  });

  test('reads back what it wrote, times before 1970 included', () => {
    const header = { type: 3, timestamp: { seconds: -62135596800, nanos: 1 }, txId: 'ab', extension: bytes('00ff') };
    expect(ChannelHeader.decode(ChannelHeader.encode(header))).toMatchObject({ ...header, epoch: 0, channelId: '' });
  });

  test.each([0, 1, 127, 128, 2 ** 28 - 1, 2 ** 28, 2 ** 31 - 1, 2 ** 31, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER])(
    'keeps the number %d',
    (number) => {
      expect(SeekSpecified.decode(SeekSpecified.encode({ number })).number).toBe(number);
    },
  );

  test('refuses numbers that JavaScript cannot hold', () => {
    expect(() => SeekSpecified.decode(bytes('08ffffffffffffffffff01'))).toThrow('too large');
  });

  test('writes a zero that belongs to a oneof', () => {
    expect(Buffer.from(SignaturePolicy.encode({ signedBy: 0 })).toString('hex')).toBe('0800');
    expect(SignaturePolicy.decode(bytes('0800'))).toEqual({ signedBy: 0, nOutOf: undefined });
  });

  test('sorts map keys by their UTF-8 bytes', () => {
    const Sorted = message({ map: bytesMap(1) });
    const keys = ['\u{10000}', 'b', '\uffee', 'a'];
    const decoded = Sorted.decode(Sorted.encode({ map: new Map(keys.map((key) => [key, bytes('01')])) }));
    expect([...decoded.map.keys()]).toEqual(['a', 'b', '\uffee', '\u{10000}']);
  });

  test('merges a message that comes twice, as Go does', () => {
    const twice = Buffer.concat([
      Payload.encode({ header: { channelHeader: bytes('01'), signatureHeader: bytes('02') } }),
      Payload.encode({ header: Header.decode(Header.encode({ signatureHeader: bytes('03') })) }),
    ]);
    const { header } = Payload.decode(twice);
    expect(Buffer.from(header!.channelHeader)).toEqual(bytes('01'));
    expect(Buffer.from(header!.signatureHeader)).toEqual(bytes('03'));
  });

  test.each([
    ['a length over the end', '0a05ff'],
    ['a number cut off', '0880'],
    ['a number of eleven bytes', '08ffffffffffffffffffffff'],
    ['a wrong wire type', '0a0101'],
    ['field number zero', '0001'],
    ['a group', '0b0c'],
  ])('refuses %s', (_name, hex) => {
    expect(() => ChannelHeader.decode(bytes(hex))).toThrow(MalformedMessage);
  });

  test('refuses text that is not UTF-8', () => {
    expect(() => message({ text: string(1) }).decode(bytes('0a01ff'))).toThrow('not UTF-8');
  });

  test('refuses groups nested without end instead of overflowing the stack', () => {
    let group = { version: 0, groups: new Map(), values: new Map(), policies: new Map(), modPolicy: '' };
    for (let depth = 0; depth < 100; depth++) group = { ...group, groups: new Map([['x', group]]) };
    expect(() => ConfigGroup.decode(ConfigGroup.encode(group))).toThrow('nested too deeply');
  });

  test('skips fields it does not know', () => {
    expect(Header.decode(bytes('0a0101780149ffffffffffffffff'))).toMatchObject({ channelHeader: bytes('01') });
  });
});
