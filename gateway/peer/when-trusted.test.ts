import { ChannelTrust } from '@d-cloud/network/peers';
import { expect, test } from '@jest/globals';
import { whenTrusted } from './when-trusted.ts';

const { signal } = new AbortController();
const config = { sequence: 0, applicationMsps: new Map() };

test('whoever asks others waits until it is known who they are, and no longer', async () => {
  const trust = new ChannelTrust();
  const waiting = whenTrusted(trust, signal, 60_000);
  trust.adopt(config);
  await waiting;
  await whenTrusted(trust, signal, 60_000);
});

test('goes on where that cannot be read, and ends with the reason of whoever ends it', async () => {
  await whenTrusted(new ChannelTrust(), signal, 1);
  const stop = new AbortController();
  const waiting = whenTrusted(new ChannelTrust(), stop.signal, 60_000);
  stop.abort(new Error('over'));
  await expect(waiting).rejects.toThrow();
});
