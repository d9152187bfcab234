import { crc32 } from 'node:zlib';
import type { AppendLog } from './storage.ts';

/** Length and CRC-32 of a record, both little endian. */
const HEAD = 8;
const READ_AHEAD = 4 << 20;

/** Where a record of the log was altered after it had been written. */
export class AlteredRecord extends Error {
  readonly index: number;
  constructor(index: number) {
    super(`record ${index} is altered`);
    this.index = index;
  }
}

/** Records one after another in an append log; a record that was only half written when power went is cut off. */
export class RecordLog {
  readonly #log: AppendLog;
  readonly #starts: number[] = [];
  readonly #sizes: number[] = [];

  private constructor(log: AppendLog) {
    this.#log = log;
  }

  get count(): number {
    return this.#starts.length;
  }

  get log(): AppendLog {
    return this.#log;
  }

  /**
   * Hands every record to `each` in order. Cuts off a torn tail and tells its size; throws `AlteredRecord` where whole
   * records follow a broken one or the last one is whole but broken, because those were acknowledged.
   */
  static async open(
    log: AppendLog,
    each: (record: Buffer, index: number) => void,
  ): Promise<{ records: RecordLog; tornBytes: number }> {
    const records = new RecordLog(log);
    let window: Buffer = Buffer.alloc(0);
    let windowAt = 0;
    const bytes = async (at: number, size: number): Promise<Buffer> => {
      if (at < windowAt || at + size > windowAt + window.length) {
        window = await log.read(at, Math.min(Math.max(size, READ_AHEAD), log.sizeBytes - at));
        windowAt = at;
      }
      return window.subarray(at - windowAt, at - windowAt + size);
    };
    let at = 0;
    while (at < log.sizeBytes) {
      const found = await records.#whole(at, bytes);
      if (found === 'short') break;
      if (found === 'broken') throw new AlteredRecord(records.count);
      each(Buffer.from(found), records.count);
      records.#add(at, found.length);
      at += HEAD + found.length;
    }
    const tornBytes = log.sizeBytes - at;
    if (tornBytes > 0) {
      if (await records.#anyWholeAfter(at)) throw new AlteredRecord(records.count);
      await log.truncate(at);
    }
    return { records, tornBytes };
  }

  async append(record: Buffer): Promise<void> {
    const head = Buffer.allocUnsafe(HEAD);
    head.writeUInt32LE(record.length, 0);
    head.writeUInt32LE(crc32(record), 4);
    const at = this.#log.sizeBytes;
    await this.#log.append(Buffer.concat([head, record]));
    this.#add(at, record.length);
  }

  read(index: number): Promise<Buffer> {
    return this.#log.read(this.#starts[index]! + HEAD, this.#sizes[index]!);
  }

  /** Forgets this record and all after it. */
  async cut(index: number): Promise<void> {
    if (index >= this.count) return;
    await this.#log.truncate(this.#starts[index]!);
    this.#starts.length = index;
    this.#sizes.length = index;
  }

  #add(at: number, size: number): void {
    this.#starts.push(at);
    this.#sizes.push(size);
  }

  async #whole(at: number, bytes: (at: number, size: number) => Promise<Buffer>): Promise<Buffer | 'short' | 'broken'> {
    const left = this.#log.sizeBytes - at;
    if (left < HEAD) return 'short';
    const head = await bytes(at, HEAD);
    const size = head.readUInt32LE(0);
    const sum = head.readUInt32LE(4);
    // A file that was lengthened but not filled before power went ends in zeros.
    if (size === 0 || size > left - HEAD) return 'short';
    const record = await bytes(at + HEAD, size);
    return crc32(record) === sum ? record : 'broken';
  }

  /** Whether a whole record begins anywhere behind `at`: then what lies at `at` is no torn tail but an altered length. */
  async #anyWholeAfter(at: number): Promise<boolean> {
    const rest = await this.#log.read(at, this.#log.sizeBytes - at);
    for (let i = 1; i + HEAD < rest.length; i++) {
      if (!plausible(rest, i)) continue;
      const size = rest.readUInt32LE(i);
      if (crc32(rest.subarray(i + HEAD, i + HEAD + size)) === rest.readUInt32LE(i + 4)) return true;
    }
    return false;
  }
}

/** Whether lengths lead from here to the end or over a few records: chance does so too seldom to be worth a checksum. */
function plausible(bytes: Buffer, from: number): boolean {
  let at = from;
  for (let steps = 0; steps < 4; steps++) {
    if (at === bytes.length) return true;
    if (at + HEAD >= bytes.length) return false;
    const size = bytes.readUInt32LE(at);
    at += HEAD + size;
    if (size === 0 || at > bytes.length) return false;
  }
  return true;
}
