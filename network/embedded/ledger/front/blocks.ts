import type { LedgerBlock } from '../engine/block.ts';
import type { BlockSource } from './block-source.ts';

/** Blocks from a number on up to and with `stop`, waiting for those that are not there yet; ends when the signal aborts. */
export async function* blocksFrom(
  source: Pick<BlockSource, 'ledger' | 'height'>,
  start: number,
  stop: number,
  signal: AbortSignal,
): AsyncGenerator<LedgerBlock> {
  let wake = (): void => {};
  using _listening = source.ledger.onBlock(() => wake());
  const gone = (): void => wake();
  signal.addEventListener('abort', gone);
  try {
    for (let next = start; next <= stop; next++) {
      while (next >= source.height && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (signal.aborted) return;
      yield await source.ledger.block(next);
    }
  } finally {
    signal.removeEventListener('abort', gone);
  }
}
