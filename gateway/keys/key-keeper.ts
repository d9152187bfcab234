import { createHash, createHmac } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import {
  canonicalBytes,
  type DatasetId,
  type KeptEntry,
  type KeptName,
  keptName,
  limits,
  type MspId,
  type OrganizationRecord,
  sha256,
  type VersionId,
} from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { gatewayPerson } from '../background/gateway-stamp.ts';
import type { CustodyStore } from '../custody/custody-store.ts';
import type { OwnStorage } from '../custody/note-own-blocks.ts';
import { absentOr, type GatewayLedger } from '../ledger.ts';
import type { ReadModel } from '../projection/index.ts';
import { writeKeptVersion } from './kept-version.ts';
import type { KeyStore } from './key-store.ts';
import { organizationKey, organizationKeys } from './organization-keys.ts';
import { keptEntries, type TakeInPowers, takeInKept } from './take-in-kept.ts';
import {
  type Opener,
  organizationWrapper,
  recoveryName,
  unwrapDatasetKey,
  type Wrapper,
  wrapDatasetKey,
  wrapOrganization,
} from './wrapped-keys.ts';

export type KeyKeeperPowers = {
  readonly organization: MspId;
  readonly channel: string;
  readonly ledger: Pick<GatewayLedger, 'submit' | 'evaluate'>;
  readonly readModel: Pick<ReadModel, 'get'>;
  readonly keys: KeyStore;
  readonly custody: Pick<CustodyStore, 'moved'> & TakeInPowers['custody'];
  readonly storage: OwnStorage;
  /** Public half of the key that lies offline, where there is one. */
  readonly recoveryKey: Uint8Array | undefined;
  /** What persons' hashes and minted ids are under: kept for a gateway that is recovered. */
  readonly organizationSecret: Uint8Array;
  readonly random: (sizeBytes: number) => Uint8Array;
  readonly keyedHash: (...parts: readonly string[]) => Uint8Array;
  /** A file that says that this key store was restored and may be older than what is kept; removed once it is not. */
  readonly restoredFile: string;
};

/** One entry as it should be kept: a mark that says what is in it, and how its ciphertext is made. */
type Wanted = {
  readonly name: KeptName;
  readonly mark: string;
  readonly value: () => Promise<Uint8Array>;
  /** Faults where something else is kept under the name; asked when this store has kept nothing under it yet. */
  readonly check?: () => Promise<void>;
};

/** Versions that wait for their turn and go in one together. */
type Together = {
  readonly versions: Set<VersionId>;
  readonly signals: Set<AbortSignal | undefined>;
  readonly kept: Promise<void>;
};

/** Characters of base64 in one transaction. */
const mostCharacters = 4 * 1024 * 1024;

/**
 * Keeps every key of the organization on the ledger as well, in ciphertext, in its implicit private collection: dataset keys wrapped to
 * the organization's key of the epoch and to its recovery key, each version's keys and places under its dataset's key. So the loss of
 * the gateway's disk loses nothing that was acknowledged. What is kept already is not sent again. One turn at a time writes to the ledger, of
 * what is there when it begins: nothing older comes to stand over what is newer, nor is anything kept after it was purged.
 */
export class KeyKeeper {
  readonly #powers: KeyKeeperPowers;

  #ready: Promise<void> | undefined;
  #lastTurn: Promise<unknown> = Promise.resolve();
  #together: Together | undefined;

  constructor(powers: KeyKeeperPowers) {
    this.#powers = powers;
  }

  /**
   * Back when the key store is the organization's, by the key that it is registered with, and as new as what is kept. One that was restored
   * from a backup takes in the dataset keys that were wrapped to the organization since, and with them every version. Before that nothing
   * may be sealed, kept or rotated: other keys would come to stand where a recovery looks. Fault `misconfigured` where the store is another.
   */
  ready(): Promise<void> {
    this.#ready ??= this.#takeIn().catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    return this.#ready;
  }

  async #takeIn(): Promise<void> {
    const { keys, custody, storage, ledger, restoredFile } = this.#powers;
    organizationKey(keys, await this.#registered());
    if (!existsSync(restoredFile)) return;
    const entries = await Array.fromAsync(keptEntries(ledger));
    await takeInKept({ keys, custody, storage, ledger, where: this.#where, openers: this.#openers }, entries);
    rmSync(restoredFile);
  }

  /** Our own record as our peer has it: the read model of a gateway that lost its disk begins at block 0. */
  async #registered(): Promise<OrganizationRecord> {
    const { ledger, organization } = this.#powers;
    const registered = await absentOr(ledger.evaluate('organization:get', { mspId: organization }));
    if (registered === undefined)
      throw new Fault('unavailable', `${organization} is not registered on the ledger yet.`);
    return registered;
  }

  /**
   * Keeps a version's keys as they are now; back when our own peer has them. Faults as submitting does, and `corrupt` where there are no keys.
   * What waits meanwhile is sent together, so that many uploads at once wait for one transaction and not each for all before it.
   */
  async keep(version: VersionId, signal?: AbortSignal): Promise<void> {
    await this.ready();
    this.#together ??= this.#gather();
    const { versions, signals, kept } = this.#together;
    versions.add(version);
    signals.add(signal);
    await kept;
    if (this.#powers.keys.version(version) === undefined)
      throw new Fault('corrupt', `There are no keys of ${version} to keep.`);
  }

  #gather(): Together {
    const [versions, signals] = [new Set<VersionId>(), new Set<AbortSignal | undefined>()];
    const kept = this.#inTurn(async () => {
      this.#together = undefined;
      const given = [...signals].filter((one) => one !== undefined);
      // They end when the gateway stops; where somebody waits in any case, so do the others.
      const signal = given.length === signals.size ? AbortSignal.any(given) : undefined;
      await this.#send(
        [...versions].flatMap((version) => this.#versionWithDataset(version)),
        signal,
      );
    });
    return { versions, signals, kept };
  }

  /**
   * Keeps whatever is not kept yet and purges what is kept of keys that are no more: after a restart, a rotation, an erasure. `skip` says
   * which versions are still on their way.
   */
  async settle(skip: (version: VersionId) => boolean, signal?: AbortSignal): Promise<void> {
    await this.ready();
    const { keys } = this.#powers;
    const versions = keys.versions().filter(({ version }) => !skip(version));
    const wanted = [
      () => this.#organization(),
      ...keys.datasetKeys().map(({ dataset, epoch }) => () => [this.#dataset(dataset, epoch)]),
      ...versions.map(
        ({ version }) =>
          () =>
            this.#version(version),
      ),
    ];
    // A turn for each part, so that an upload does not wait for all of them.
    for (let from = 0; from < wanted.length; from += limits.kept) {
      const some = wanted.slice(from, from + limits.kept);
      await this.#inTurn(() =>
        this.#send(
          some.flatMap((want) => want()),
          signal,
        ),
      );
    }
    await this.purge(signal);
  }

  /** Keeps the organization's own secrets as they are now: before the ledger is told of a new key. */
  async keepOrganization(): Promise<void> {
    await this.ready();
    await this.#inTurn(() => this.#send(this.#organization(), undefined));
  }

  /** What is kept of keys that are no more: to be purged. */
  gone(): readonly KeptName[] {
    const { keys } = this.#powers;
    const there = new Set<string>([
      keptName.organization(),
      ...keys.datasetKeys().map(({ dataset, epoch }) => keptName.dataset(dataset, epoch)),
      ...keys.versions().map(({ version }) => keptName.version(version)),
    ]);
    return [...keys.kept().keys()].filter((name) => !there.has(name));
  }

  /** Purges what is kept of keys that are no more, at the peers too; back when our own peer has done it. */
  purge(signal?: AbortSignal): Promise<void> {
    return this.#inTurn(async () => {
      const { keys, ledger } = this.#powers;
      const names = this.gone();
      for (let from = 0; from < names.length; from += limits.kept) {
        const some = names.slice(from, from + limits.kept);
        await ledger.submit('key:purge', {}, this.#stamp(), {
          transient: { names: canonicalBytes(some) },
          endorsingOrganizations: [this.#powers.organization],
          ...(signal === undefined ? {} : { signal }),
        });
        keys.unmarkKept(some);
      }
    });
  }

  /** Runs after all that was begun before has ended, well or not. What it runs must not wait for another turn. */
  #inTurn(act: () => Promise<void>): Promise<void> {
    const turn = this.#lastTurn.then(act);
    this.#lastTurn = turn.catch(() => {});
    return turn;
  }

  async #send(wanted: readonly Wanted[], signal: AbortSignal | undefined): Promise<void> {
    const known = this.#powers.keys.kept();
    let entries: KeptEntry[] = [];
    let marks = new Map<string, string>();
    let characters = 0;
    const flush = async () => {
      if (entries.length > 0) await this.#submit(entries, marks, signal);
      [entries, marks, characters] = [[], new Map(), 0];
    };
    // Two versions of a dataset name its key each.
    for (const { name, mark, value, check } of new Map(wanted.map((one) => [one.name, one])).values()) {
      if (known.get(name) === mark) continue;
      if (!known.has(name)) await check?.();
      const text = Buffer.from(await value()).toString('base64');
      if (entries.length >= limits.kept || characters + text.length > mostCharacters) await flush();
      entries.push({ name, value: text });
      marks.set(name, mark);
      characters += text.length;
    }
    await flush();
  }

  async #submit(
    entries: readonly KeptEntry[],
    marks: ReadonlyMap<string, string>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { keys, ledger, organization } = this.#powers;
    // Written down before it is sent: what may be on the ledger is known by name, so that it can be purged.
    keys.markKept(new Map([...marks.keys()].map((name) => [name, ''])));
    await ledger.submit('key:keep', {}, this.#stamp(), {
      transient: { entries: canonicalBytes(entries) },
      endorsingOrganizations: [organization],
      ...(signal === undefined ? {} : { signal }),
    });
    keys.markKept(marks);
  }

  #organization(): readonly Wanted[] {
    const { keys, recoveryKey, organizationSecret } = this.#powers;
    if (recoveryKey === undefined) return [];
    const text = Buffer.from(
      JSON.stringify({
        v: 1,
        organizationSecret: Buffer.from(organizationSecret).toString('base64'),
        agreementKeys: organizationKeys(keys).map(({ epoch, privateKey }) => ({
          epoch,
          secret: Buffer.from(privateKey).toString('base64'),
        })),
      }),
    );
    const value = () => wrapOrganization(this.#where, text, recoveryKey);
    return [{ name: keptName.organization(), mark: this.#mark(text, recoveryKey), value }];
  }

  #dataset(dataset: DatasetId, epoch: number): Wanted {
    const wrappers = this.#wrappers();
    const mark = this.#mark(...wrappers.flatMap(({ to, publicKey }) => [Buffer.from(to), publicKey]));
    const value = async () => {
      const key = this.#powers.keys.datasetKey(dataset, epoch);
      if (key === undefined) throw new Fault('corrupt', `The key of ${dataset} of epoch ${epoch} is not kept here.`);
      try {
        return await wrapDatasetKey(this.#where, { dataset, epoch }, key, wrappers);
      } finally {
        key.fill(0);
      }
    };
    const name = keptName.dataset(dataset, epoch);
    const check = async () => {
      const { value: kept } = await this.#powers.ledger.evaluate('key:get', { name });
      if (kept === undefined) return;
      const bytes = Buffer.from(kept, 'base64');
      const key = await unwrapDatasetKey(this.#where, { dataset, epoch }, bytes, this.#openers);
      this.#powers.keys.adoptDatasetKey(dataset, epoch, key);
      key.fill(0);
    };
    return { name, mark, value, check };
  }

  /** Nothing where there are no keys of it, or no more. */
  #versionWithDataset(version: VersionId): readonly Wanted[] {
    const named = this.#powers.keys.version(version);
    return named === undefined ? [] : [this.#dataset(named.dataset, named.epoch), ...this.#version(version)];
  }

  #version(version: VersionId): readonly Wanted[] {
    const { keys, custody } = this.#powers;
    const kept = keys.version(version);
    if (kept === undefined) return [];
    const moved = [...custody.moved(version)].map(([slot, place]) => ({ slot, ...place }));
    const job = keys.jobOf(version);
    const text = writeKeptVersion({
      ...kept,
      moved,
      next: keys.next(version),
      ...(job === undefined ? {} : { job: { id: job.job, rowSaltSecret: job.rowSaltSecret } }),
    });
    const mark = this.#mark(Buffer.from(String(kept.epoch)), text);
    return [{ name: keptName.version(version), mark, value: async () => keys.sealKept(kept, text) }];
  }

  #wrappers(): readonly Wrapper[] {
    const { keys, readModel, organization, recoveryKey } = this.#powers;
    const { epoch, publicKey } = organizationKey(keys, readModel.get('organization', organization)?.record);
    const own = { to: organizationWrapper(epoch), publicKey };
    return recoveryKey === undefined ? [own] : [own, { to: recoveryName, publicKey: recoveryKey }];
  }

  get #openers(): readonly Opener[] {
    return organizationKeys(this.#powers.keys).map((pair) => ({ to: organizationWrapper(pair.epoch), pair }));
  }

  get #where() {
    const { channel, organization } = this.#powers;
    return { channel, organization };
  }

  /** Under a key of its own: what it is of cannot be guessed from it. */
  #mark(...parts: readonly Uint8Array[]): string {
    const mac = createHmac('sha256', this.#powers.keys.secret('kept-marks'));
    for (const part of parts) mac.update(createHash('sha256').update(part).digest());
    return mac.digest('hex');
  }

  /** Nothing is kept of the answer, so that every try is a request of its own. */
  #stamp() {
    const { keyedHash, random } = this.#powers;
    const key = Buffer.from(random(16)).toString('hex');
    return { key, person: gatewayPerson(keyedHash), digest: sha256(key) };
  }
}
