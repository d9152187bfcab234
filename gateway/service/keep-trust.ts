import type { ChannelTrust } from '@d-cloud/network/peers';
import type { Logger } from 'pino';
import { pause } from '../background/pause.ts';
import { whenTrusted } from '../peer/when-trusted.ts';
import type { ChannelBlock } from '../projection/index.ts';
import type { Channel } from './open-channel.ts';

const retryMs = { first: 100, most: 5_000 };
/** A peer that answers does so in milliseconds; one that is away must not keep the gateway from serving what needs no peer. */
const patienceMs = 2_000;

/**
 * Reads the configuration in force at the own peer, as often as it takes: whoever was removed while the gateway was away must not be
 * trusted until the read model comes to that block. Later ones come with the blocks ({@link noting}). Resolves when it is read, so that
 * a gateway that serves knows the others, or else after 2 s; it goes on trying then.
 */
export async function readTrust(
  { configurations }: Pick<Channel, 'configurations'>,
  trust: ChannelTrust,
  log: Logger,
): Promise<AsyncDisposable> {
  const stop = new AbortController();
  const { signal } = stop;
  const reading = (async () => {
    for (let wait = retryMs.first; !signal.aborted; wait = Math.min(wait * 2, retryMs.most)) {
      try {
        const { inForce, before } = await configurations(signal);
        trust.adopt(inForce, before);
        return;
      } catch (error) {
        if (!signal.aborted)
          log.warn({ err: error }, 'the channel’s configuration cannot be read: nobody is trusted yet');
      }
      await pause(wait, signal);
    }
  })();
  await whenTrusted(trust, signal, patienceMs);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await reading;
    },
  };
}

/** The same blocks; trust follows the configurations among them before anything else is done with them. */
export async function* noting(blocks: AsyncIterable<ChannelBlock>, trust: ChannelTrust): AsyncGenerator<ChannelBlock> {
  for await (const block of blocks) {
    if (block.configuration !== undefined) trust.adopt(block.configuration);
    yield block;
  }
}
