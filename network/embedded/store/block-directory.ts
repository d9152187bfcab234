import { hash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { base32upper } from 'multiformats/bases/base32';
import { renameDurably, type Sync, syncDirectory } from '../../files/index.ts';

/** A SHA-256 digest of 32 bytes: what a block is stored under, whichever CID names it. */
export type Digest = Uint8Array;

/** The bytes on disk are not the bytes that were stored. The text is Kubo's. */
export class RottenBlock extends Error {
  override readonly name = 'RottenBlock';
  constructor() {
    super('block in storage has different hash than requested');
  }
}

/** The node's capacity, or its disk, holds no more. The text is what Kubo passes on from the system. */
export class NoSpace extends Error {
  override readonly name = 'NoSpace';
  constructor() {
    super('write block: no space left on device');
  }
}

export interface BlockDirectoryOptions {
  readonly capacityBytes: number;
  /** Brings a file or a folder to the disk; `fdatasync` for files and `fsync` for folders unless said otherwise. */
  readonly sync?: Sync;
}

/**
 * Blocks as files, in the layout of Kubo's flatfs (`blocks/<next-to-last two characters>/<KEY>.data`), so that a person or a test finds them at the same place on both networks.
 *
 * A put that returned is on disk: temporary file, fdatasync, rename, synced directory. A crash leaves whole blocks and stray temporary files, which the next open removes.
 * As on Kubo, a block that is already there is not written again, even when its bytes have rotted: whoever repairs it removes it first.
 */
export class BlockDirectory {
  readonly #blocks: string;
  readonly #temporary: string;
  readonly #capacityBytes: number;
  readonly #syncFile: Sync;
  readonly #syncFolder: Sync;
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #folders = new Set<string>();
  #bytes = 0;
  #count = 0;
  #reserved = 0;
  #serial = 0;
  #broken: unknown;

  private constructor(path: string, { capacityBytes, sync }: BlockDirectoryOptions) {
    this.#blocks = join(path, 'blocks');
    this.#temporary = join(path, 'temporary');
    this.#capacityBytes = capacityBytes;
    this.#syncFile = this.#once(sync ?? ((file) => file.datasync()));
    this.#syncFolder = this.#once(sync ?? ((folder) => folder.sync()));
  }

  /** Opens or founds the directory, removes what a crash left half-made, and counts what is there. */
  static async open(path: string, options: BlockDirectoryOptions): Promise<BlockDirectory> {
    const directory = new BlockDirectory(path, options);
    await rm(directory.#temporary, { recursive: true, force: true });
    await mkdir(directory.#temporary, { recursive: true, mode: 0o700 });
    await mkdir(directory.#blocks, { recursive: true, mode: 0o700 });
    await writeFile(join(directory.#blocks, 'SHARDING'), '/repo/flatfs/shard/v1/next-to-last/2\n');
    await syncDirectory(directory.#blocks, directory.#syncFolder);
    await syncDirectory(path, directory.#syncFolder);
    for await (const { size } of directory.#files()) {
      directory.#bytes += size;
      directory.#count += 1;
    }
    return directory;
  }

  /** Bytes and number of the blocks held, and the bytes that may be held. */
  get usage(): { readonly bytes: number; readonly count: number; readonly capacityBytes: number } {
    return { bytes: this.#bytes, count: this.#count, capacityBytes: this.#capacityBytes };
  }

  /** Set once the disk failed to sync: what was written since is unknown, so nothing more is accepted. */
  get broken(): unknown {
    return this.#broken;
  }

  /** Stores a block durably; two puts of one block share one write. @throws NoSpace */
  async put(digest: Digest, bytes: Uint8Array): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    const key = keyOf(digest);
    const underWay = this.#underWay.get(key);
    if (underWay) return underWay;
    const written = this.#write(key, bytes).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, written);
    return written;
  }

  /** The block's bytes, checked against the digest, or nothing when it is not here. @throws RottenBlock */
  async get(digest: Digest): Promise<Buffer | undefined> {
    const bytes = await readFile(this.#pathOf(keyOf(digest))).catch(absent);
    if (bytes && !hash('sha256', bytes, 'buffer').equals(digest)) throw new RottenBlock();
    return bytes;
  }

  /** Whether a file is here under that digest, rotten or not. */
  async has(digest: Digest): Promise<boolean> {
    return (await stat(this.#pathOf(keyOf(digest))).catch(absent)) !== undefined;
  }

  /** Removes a block durably. Returns false when it was not here. */
  async remove(digest: Digest): Promise<boolean> {
    const key = keyOf(digest);
    await this.#underWay.get(key)?.catch(() => {});
    if (this.#broken !== undefined) throw this.#broken;
    const path = this.#pathOf(key);
    const found = await stat(path).catch(absent);
    const gone = found && (await unlink(path).then(() => true, absent));
    if (!gone) return false;
    this.#bytes -= found.size;
    this.#count -= 1;
    await syncDirectory(this.#folderOf(key), this.#syncFolder);
    return true;
  }

  /** Digests of all blocks here, in no particular order. */
  async *digests(): AsyncGenerator<Digest> {
    for await (const { key } of this.#files()) {
      const multihash = base32upper.decode(`B${key}`);
      if (multihash.length === 34) yield multihash.subarray(2);
    }
  }

  async #write(key: string, bytes: Uint8Array): Promise<void> {
    const path = this.#pathOf(key);
    if (await stat(path).catch(absent)) return;
    if (this.#bytes + this.#reserved + bytes.length > this.#capacityBytes) throw new NoSpace();
    this.#reserved += bytes.length;
    this.#serial += 1;
    const temporary = join(this.#temporary, String(this.#serial));
    try {
      await this.#folder(key);
      await this.#writeSynced(temporary, bytes);
      await renameDurably(temporary, path, this.#syncFolder);
      this.#bytes += bytes.length;
      this.#count += 1;
    } catch (cause) {
      await rm(temporary, { force: true }).catch(() => {});
      const code = (cause as NodeJS.ErrnoException).code;
      if (this.#broken !== undefined) throw cause;
      if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') throw new NoSpace();
      throw cause;
    } finally {
      this.#reserved -= bytes.length;
    }
  }

  /** A failed sync must not be tried again: the kernel may have dropped the dirty pages and would say yes. */
  #once(sync: Sync): Sync {
    return async (file) => {
      try {
        await sync(file);
      } catch (cause) {
        this.#broken ??= cause;
        throw cause;
      }
    };
  }

  async #writeSynced(path: string, bytes: Uint8Array): Promise<void> {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await this.#syncFile(file);
    } finally {
      await file.close();
    }
  }

  async #folder(key: string): Promise<void> {
    const folder = this.#folderOf(key);
    if (this.#folders.has(folder)) return;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await syncDirectory(this.#blocks, this.#syncFolder);
    this.#folders.add(folder);
  }

  async *#files(): AsyncGenerator<{ readonly key: string; readonly size: number }> {
    for (const folder of await readdir(this.#blocks, { withFileTypes: true })) {
      if (!folder.isDirectory()) continue;
      for (const file of await readdir(join(this.#blocks, folder.name))) {
        if (!file.endsWith('.data')) continue;
        const found = await stat(join(this.#blocks, folder.name, file)).catch(absent);
        if (found) yield { key: file.slice(0, -'.data'.length), size: found.size };
      }
    }
  }

  #folderOf(key: string): string {
    return join(this.#blocks, key.slice(-3, -1));
  }

  #pathOf(key: string): string {
    return join(this.#folderOf(key), `${key}.data`);
  }
}

function keyOf(digest: Digest): string {
  return base32upper.encode(Buffer.concat([Buffer.from([0x12, 0x20]), digest])).slice(1);
}

function absent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
}
