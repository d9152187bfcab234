import type { Version } from '../wire/rwset.ts';
import { SortedKeys } from './keys.ts';

/** Metadata of a key by name; `VALIDATION_PARAMETER` is its own endorsement policy. */
export type KeyMetadata = Readonly<Record<string, Buffer>>;

/** The value of a key as one transaction left it. */
export interface Held {
  /** `undefined` for a key that was deleted. */
  readonly value: Buffer | undefined;
  readonly metadata: KeyMetadata | undefined;
  readonly version: Version;
}

interface Entry extends Held {
  /** The value before, kept only while a simulation may still read it. */
  previous: Entry | undefined;
}

interface Space {
  readonly entries: Map<string, Entry>;
  readonly keys: SortedKeys;
}

/**
 * All keys of the channel by space, as of the newest block and, while somebody holds an older height open, as of that one.
 * So a running simulation never makes a block wait, which is where this ledger differs from a real peer on purpose.
 */
export class State {
  #height = 0;
  readonly #spaces = new Map<string, Space>();
  readonly #readers = new Map<number, number>();

  /** Number of blocks that have been taken in. */
  get height(): number {
    return this.#height;
  }

  /** Holds the present height open for reading until disposed. */
  open(): Disposable & { readonly height: number } {
    const height = this.#height;
    this.#readers.set(height, (this.#readers.get(height) ?? 0) + 1);
    return {
      height,
      [Symbol.dispose]: () => {
        const left = (this.#readers.get(height) ?? 1) - 1;
        if (left === 0) this.#readers.delete(height);
        else this.#readers.set(height, left);
      },
    };
  }

  /** The live value of a key as it was when `height` blocks were taken in. */
  at(space: string, key: string, height: number): Held | undefined {
    let entry = this.#spaces.get(space)?.entries.get(key);
    while (entry !== undefined && entry.version.blockNumber >= height) entry = entry.previous;
    return entry?.value === undefined ? undefined : entry;
  }

  /** The live value of a key as of the newest block. */
  latest(space: string, key: string): Held | undefined {
    const entry = this.#spaces.get(space)?.entries.get(key);
    return entry?.value === undefined ? undefined : entry;
  }

  /** Live keys from `start` up to and without `end` (empty: no end), in UTF-8 order. */
  *range(space: string, start: string, end: string, height: number): Generator<Held & { readonly key: string }> {
    const found = this.#spaces.get(space);
    if (found === undefined) return;
    for (const key of found.keys.range(start, end)) {
      const held = this.at(space, key, height);
      if (held !== undefined) yield { key, ...held };
    }
  }

  put(space: string, key: string, held: Held): void {
    const { entries, keys } = this.#space(space);
    const old = entries.get(key);
    entries.set(key, { ...held, previous: this.#stillRead(old) });
    if (old === undefined) keys.add(key);
  }

  /** Values that no open height can see are let go, or a key written all the time would keep all it ever was. */
  #stillRead(newest: Entry | undefined): Entry | undefined {
    const oldestHeight: number | undefined = this.#readers.keys().next().value; // heights only grow
    if (oldestHeight === undefined) return undefined;
    let entry = newest;
    while (entry !== undefined && entry.version.blockNumber >= oldestHeight) entry = entry.previous;
    if (entry !== undefined) entry.previous = undefined;
    return newest;
  }

  /** Makes what was put visible to those who open from now on. */
  advance(height: number): void {
    this.#height = height;
  }

  #space(name: string): Space {
    let space = this.#spaces.get(name);
    if (space === undefined) {
      space = { entries: new Map(), keys: new SortedKeys() };
      this.#spaces.set(name, space);
    }
    return space;
  }
}
