import type { AppendLog, Storage } from '../engine/storage.ts';

/** A crash of the machine in the middle of a write. */
export class PowerCut extends Error {}

/** Files in memory that outlive the ledger that opened them, with a switch that ends the power during a write. */
export class MemoryStorage implements Storage {
  readonly files = new Map<string, Buffer>();
  #cutAfterBytes: number | undefined;

  /** The next append keeps only that many bytes and fails. */
  cutPowerAfter(bytes: number): void {
    this.#cutAfterBytes = bytes;
  }

  async open(name: string): Promise<AppendLog> {
    const content = (): Buffer => this.files.get(name) ?? Buffer.alloc(0);
    let room = Buffer.alloc(0);
    const append = (bytes: Buffer): void => {
      const before = content();
      if (before.buffer !== room.buffer || room.length < before.length + bytes.length) {
        room = Buffer.alloc((before.length + bytes.length) * 2);
        before.copy(room);
      }
      bytes.copy(room, before.length);
      this.files.set(name, room.subarray(0, before.length + bytes.length));
    };
    return {
      get sizeBytes() {
        return content().length;
      },
      append: async (bytes) => {
        const kept = this.#cutAfterBytes === undefined ? bytes : bytes.subarray(0, this.#cutAfterBytes);
        append(kept);
        await Promise.resolve();
        if (this.#cutAfterBytes === undefined) return;
        this.#cutAfterBytes = undefined;
        throw new PowerCut('the power is gone');
      },
      read: async (at, sizeBytes) => content().subarray(at, at + sizeBytes),
      truncate: async (sizeBytes) => void this.files.set(name, Buffer.from(content().subarray(0, sizeBytes))),
      close: async () => {},
    };
  }
}
