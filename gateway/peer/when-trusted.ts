import { setTimeout as wait } from 'node:timers/promises';
import type { ChannelTrust } from '@d-cloud/network/peers';

const longestMs = 10_000;

/**
 * Resolves when the channel's configuration was read, or after ten seconds: until then nobody is trusted, and right after a start every other
 * organization would look as if it were away.
 */
export async function whenTrusted(
  trust: Pick<ChannelTrust, 'sequence' | 'onChange'>,
  signal: AbortSignal,
  withinMs = longestMs,
): Promise<void> {
  if (trust.sequence >= 0) return;
  const read = Promise.withResolvers<void>();
  using _told = trust.onChange(() => read.resolve());
  const enough = new AbortController();
  const late = wait(withinMs, undefined, { signal: AbortSignal.any([signal, enough.signal]), ref: false });
  try {
    await Promise.race([read.promise, late]);
  } finally {
    enough.abort();
    late.catch(() => {});
  }
}
