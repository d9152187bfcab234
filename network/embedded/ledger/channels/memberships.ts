import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../../../files/index.ts';
import { Fault } from '../../../ledger/fault.ts';

const Membership = z.strictObject({ peers: z.array(z.string()).readonly(), orderers: z.array(z.string()).readonly() });
const Written = z.strictObject({ version: z.literal(1), channels: z.record(z.string(), Membership) });

/** Whose peers and whose orderers take part in a channel, by MSP id. */
export type Membership = z.infer<typeof Membership>;

/** Who takes part in which channel, kept in one small file so that every join and every leave is one step on disk. */
export class Memberships {
  readonly #path: string;
  readonly #known: Map<string, Membership>;

  /** Whether nothing was ever recorded. */
  #fresh: boolean;

  private constructor(path: string, known: Map<string, Membership>, fresh: boolean) {
    this.#path = path;
    this.#known = known;
    this.#fresh = fresh;
  }

  /** Reads the record of a ledger's directory. @throws Fault `corrupt` when it is not what was written */
  static async open(directory: string): Promise<Memberships> {
    const path = join(directory, 'memberships.json');
    const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return undefined;
      throw new Fault('misconfigured', `The ledger cannot read ${path} (${cause.code ?? 'unknown reason'}).`, {
        cause,
      });
    });
    if (text === undefined) return new Memberships(path, new Map(), true);
    try {
      return new Memberships(path, new Map(Object.entries(Written.parse(JSON.parse(text)).channels)), false);
    } catch (cause) {
      throw new Fault(
        'corrupt',
        `${path}, which says who has joined which channel, is altered. Restore the ledger's directory from a copy.`,
        { cause },
      );
    }
  }

  get fresh(): boolean {
    return this.#fresh;
  }

  get channels(): IterableIterator<string> {
    return this.#known.keys();
  }

  of(channel: string): Membership | undefined {
    return this.#known.get(channel);
  }

  /** Writes the first, empty record, by which directories without one are known to be left over from joins that a crash cut short. */
  async begin(): Promise<void> {
    if (this.#fresh) await this.#write(this.#known);
  }

  /** Resolves when the record is on disk; nothing is known of it before. `undefined` forgets the channel. */
  async record(channel: string, membership: Membership | undefined): Promise<void> {
    const next = new Map(this.#known);
    if (membership === undefined) next.delete(channel);
    else next.set(channel, membership);
    await this.#write(next);
    if (membership === undefined) this.#known.delete(channel);
    else this.#known.set(channel, membership);
  }

  async #write(known: ReadonlyMap<string, Membership>): Promise<void> {
    const written: z.infer<typeof Written> = { version: 1, channels: Object.fromEntries(known) };
    await replaceFile(this.#path, `${JSON.stringify(written, undefined, 2)}\n`);
    this.#fresh = false;
  }
}
