import { randomBytes } from 'node:crypto';
import type { Client } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ChannelWorld } from '../testing/channel-world.ts';
import { Envelope, HeaderType, Payload } from '../wire/envelope.ts';
import { BroadcastResponse } from '../wire/ordering.ts';

let world: ChannelWorld;

beforeAll(async () => {
  world = await ChannelWorld.start();
  await world.open('first');
});
afterAll(() => world[Symbol.asyncDispose]());

/** Sends envelopes on one stream; tells every answer and how the stream ended. */
async function send(client: Client, ...envelopes: readonly Uint8Array[]): Promise<readonly string[]> {
  const raw = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
  const call = client.makeBidiStreamRequest<Uint8Array, Buffer>(
    '/orderer.AtomicBroadcast/Broadcast',
    raw,
    (bytes) => bytes,
  );
  const said: string[] = [];
  call.on('data', (answer: Buffer) => {
    const { status, info } = BroadcastResponse.decode(answer);
    said.push(`${status} ${info}`.trim());
    if (said.length === envelopes.length) call.end();
  });
  call.on('error', (cause) => said.push(cause.message));
  const status = new Promise((resolve) => call.on('status', resolve));
  for (const envelope of envelopes) call.write(envelope);
  await status;
  return said;
}

const to = (name: 'A' | 'D'): Client => world.orderer(name).client;
const good = (): Buffer => world.envelope('first', 'A');

describe('an orderer', () => {
  test('takes envelopes one after the other on one stream', async () => {
    expect(await send(to('A'), good(), good())).toEqual(['200', '200']);
  });

  test.each([
    [
      'without a header',
      () => Envelope.encode({ payload: Payload.encode({}) }),
      '400 could not determine channel ID: header not set',
    ],
    ['that is empty', () => Buffer.alloc(0), '400 could not determine channel ID: header not set'],
    [
      'whose payload is none',
      () => Envelope.encode({ payload: Buffer.from([0xff, 0xff]) }),
      '400 could not determine channel ID: error unmarshalling Payload: proto: cannot parse invalid wire-format data',
    ],
    [
      'for a channel that it has not joined',
      () => world.envelope('other', 'A'),
      '400 channel creation request not allowed because the orderer system channel is not defined',
    ],
    [
      'that is a config transaction',
      () => world.envelope('first', 'A', { type: HeaderType.CONFIG }),
      '400 message is of type that cannot be processed directly',
    ],
    [
      'of an organization that is no member',
      () => world.envelope('first', 'D'),
      "403 implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Writers' sub-policies to be satisfied: permission denied",
    ],
    [
      'whose signature is wrong',
      () => {
        const { payload } = Envelope.decode(good());
        return Envelope.encode({ payload, signature: randomBytes(70) });
      },
      "403 implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of the 'Writers' sub-policies to be satisfied: permission denied",
    ],
    [
      'that is larger than the channel takes',
      () => Envelope.encode({ ...Envelope.decode(good()), signature: Buffer.alloc(10 << 20) }),
      /^400 message payload is \d+ bytes and exceeds maximum allowed 10485760 bytes$/,
    ],
  ])('refuses an envelope %s, and ends the stream', async (_, envelope, said) => {
    const expected = typeof said === 'string' ? said : expect.stringMatching(said);
    expect(await send(to('A'), envelope(), good())).toEqual([expected]);
  });

  test('refuses bytes that are no envelope in the words of gRPC', async () => {
    expect(await send(to('A'), Buffer.from([0xff, 0xff]))).toEqual([
      '13 INTERNAL: grpc: error unmarshalling request: proto: cannot parse invalid wire-format data',
    ]);
  });

  test('knows no channel that its organization has not joined', async () => {
    expect(await send(to('D'), good())).toEqual([
      '400 channel creation request not allowed because the orderer system channel is not defined',
    ]);
  });
});
