import type { LedgerBlock } from '../engine/block.ts';
import type { Ledger } from '../engine/ledger.ts';

/** Blocks from a number on up to and with `stop`, waiting for those that are not there yet; ends when the signal aborts. */
export async function* blocksFrom(
  ledger: Ledger,
  start: number,
  stop: number,
  signal: AbortSignal,
): AsyncGenerator<LedgerBlock> {
  let wake = (): void => {};
  using _listening = ledger.onBlock(() => wake());
  const gone = (): void => wake();
  signal.addEventListener('abort', gone);
  try {
    for (let next = start; next <= stop; next++) {
      while (next >= ledger.height && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (signal.aborted) return;
      yield await ledger.block(next);
    }
  } finally {
    signal.removeEventListener('abort', gone);
  }
}
