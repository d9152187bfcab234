import type { GetFragment } from '../gather-fragments.ts';
import type { ManifestSlot } from '../manifest.ts';
import type { OutgoingFragment, PlainSegment } from '../seal-segments.ts';

/** Storage nodes of a test: a map per slot, with the misbehaviour that a test asks for. */
export class SlotMemory {
  readonly blocks = new Map<number, Map<string, Uint8Array>>();
  readonly asked: number[] = [];
  /** Slots that answer every get with a rejection. */
  readonly dead = new Set<number>();
  /** Slots that never answer until they are given up. */
  readonly silent = new Set<number>();

  readonly put = async ({ slot, cid, bytes }: OutgoingFragment): Promise<void> => {
    const blocks = this.blocks.get(slot) ?? new Map<string, Uint8Array>();
    blocks.set(cid, Buffer.from(bytes));
    this.blocks.set(slot, blocks);
  };

  readonly get: GetFragment = async (slot, cid, { signal }) => {
    this.asked.push(slot);
    if (this.silent.has(slot))
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    const bytes = this.dead.has(slot) ? undefined : this.blocks.get(slot)?.get(cid);
    if (bytes === undefined) throw new Error(`slot ${slot} has no ${cid}`);
    return bytes;
  };

  /** Turns one bit of every block of a slot. */
  flip(slot: number, at: number): void {
    for (const bytes of this.blocks.get(slot)?.values() ?? [])
      bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ 1;
  }

  allBytes(): Buffer {
    return Buffer.concat([...this.blocks.values()].flatMap((blocks) => [...blocks.values()]));
  }
}

export function slotsFor(n: number): ManifestSlot[] {
  const organizations = ['AlderMSP', 'BirchMSP', 'CedarMSP'];
  return Array.from({ length: n }, (_, slot) => ({
    slot,
    storageNode: `stor_${slot}`,
    organization: organizations[slot % 3] as string,
  }));
}

export async function* segmentsFrom(segments: readonly PlainSegment[]): AsyncGenerator<PlainSegment> {
  yield* segments;
}

/** Every choice of `size` of the numbers below `n`. */
export function choices(n: number, size: number, from = 0): number[][] {
  if (size === 0) return [[]];
  const found: number[][] = [];
  for (let first = from; first <= n - size; first++)
    for (const rest of choices(n, size - 1, first + 1)) found.push([first, ...rest]);
  return found;
}
