import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile, syncDirectory } from '../../files/index.ts';

/** A block that garbage collection and `block/rm` leave alone. */
export interface Pin {
  readonly type: 'direct' | 'recursive';
  readonly name: string;
}

/** Pins by CID text, one small file each, in memory and durable on disk. */
export class Pins {
  readonly #path: string;
  readonly #pins: Map<string, Pin>;

  private constructor(path: string, pins: Map<string, Pin>) {
    this.#path = path;
    this.#pins = pins;
  }

  static async open(directory: string): Promise<Pins> {
    const path = join(directory, 'pins');
    await mkdir(path, { recursive: true, mode: 0o700 });
    const pins = new Map<string, Pin>();
    for (const cid of await readdir(path)) {
      if (cid.endsWith('.unfinished')) await rm(join(path, cid));
      else pins.set(cid, JSON.parse(await readFile(join(path, cid), 'utf8')) as Pin);
    }
    return new Pins(path, pins);
  }

  get(cid: string): Pin | undefined {
    return this.#pins.get(cid);
  }

  all(): Iterable<[cid: string, pin: Pin]> {
    return this.#pins;
  }

  async add(cid: string, pin: Pin): Promise<void> {
    await replaceFile(join(this.#path, cid), JSON.stringify(pin));
    this.#pins.set(cid, pin);
  }

  async remove(cid: string): Promise<void> {
    await rm(join(this.#path, cid), { force: true });
    await syncDirectory(this.#path);
    this.#pins.delete(cid);
  }
}
