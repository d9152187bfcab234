import { X509Certificate } from 'node:crypto';
import {
  afterDepartures,
  type Caller,
  type CatalogueCard,
  canonicalBytes,
  catalogueCollection,
  type DatasetId,
  type Departed,
  type DomainEvent,
  decodeRecord,
  encodeKeyPolicy,
  encodeRecord,
  eventName,
  implicitCollection,
  isLeavable,
  isMspId,
  type KeptEntry,
  type KeptName,
  type Key,
  type KeyPolicy,
  type KeyRange,
  keyIdOf,
  keys,
  limits,
  type MspId,
  Refusal,
  type RefusalCode,
} from '../domain/index.ts';

import type { Identity, Stub } from '../fabric.ts';

/**
 * State as one transaction sees it: reads answer from before the transaction and take into account who has left, writes are staged and go out together at its end, and
 * all events leave as one. Reading what was staged is a mistake of ours and throws, because a peer would answer with the old value.
 */
export class Ledger {
  readonly caller: Caller;
  readonly channel: string;
  readonly transaction: string;
  /** Transaction time in ms since 1970: chosen by the client, so it may only make a rule refuse. */
  readonly atMs: number;
  readonly #stub: Stub;
  readonly #staged = new Map<string, () => Promise<void>>();
  readonly #events: DomainEvent[] = [];
  #departed: Promise<Departed> | undefined;

  constructor(stub: Stub, identity: Identity) {
    this.#stub = stub;
    this.caller = callerOf(identity);
    this.channel = stub.getChannelID();
    this.transaction = stub.getTxID();
    const { seconds, nanos } = stub.getTxTimestamp();
    this.atMs = Number(String(seconds)) * 1000 + Math.floor(nanos / 1e6);
  }

  async get<R>(key: Key<R>): Promise<R | undefined> {
    if (this.#staged.has(key)) throw new Error(`${key} was written by this transaction and cannot be read`);
    const bytes = await this.#stub.getState(key);
    return bytes.length === 0 ? undefined : this.#standing(key, decodeRecord<R>(bytes));
  }

  /** The record, or a refusal with the given code. */
  async need<R>(key: Key<R>, code: RefusalCode): Promise<R> {
    const record = await this.get(key);
    if (record === undefined) throw new Refusal(code, `there is no ${key.replace('/', ' ')}`);
    return record;
  }

  /** Refuses with RECORD_EXISTS where a record lies under the key already. */
  async vacant<R>(key: Key<R>): Promise<void> {
    if ((await this.get(key)) !== undefined)
      throw new Refusal('RECORD_EXISTS', `${key.replace('/', ' ')} exists already`);
  }

  /** The records of a range, in the order of their keys, at most 1,000; whoever stops early reads no further. */
  async *scan<R>(range: KeyRange<R>): AsyncGenerator<R, void, undefined> {
    const iterator = await this.#stub.getStateByRange(range.from, range.to);
    try {
      for (let read = 0; read < limits.listed; read++) {
        const { value, done } = await iterator.next();
        if (value !== undefined && value !== null) yield await this.#standing(range.from, decodeRecord<R>(value.value));
        if (done) break;
      }
    } finally {
      await iterator.close();
    }
  }

  list<R>(range: KeyRange<R>): Promise<R[]> {
    return Array.fromAsync(this.scan(range));
  }

  /** Stages a record. A policy is given with the first write of a record and holds for every later one. */
  put<R extends { readonly v: number }>(key: Key<R>, record: R, policy?: KeyPolicy): void {
    this.#stage(key, async () => {
      await this.#stub.putState(key, Buffer.from(encodeRecord(record)));
      if (policy !== undefined) await this.#stub.setStateValidationParameter(key, Buffer.from(encodeKeyPolicy(policy)));
    });
  }

  remove<R>(key: Key<R>): void {
    this.#stage(key, () => this.#stub.deleteState(key));
  }

  /** A value that came beside the transaction, as text; never on the channel. */
  transient(name: string): string {
    const bytes = this.#stub.getTransient().get(name);
    if (bytes === undefined) throw new Refusal('RECORD_INVALID', `the transient value ${name} is missing`);
    return new TextDecoder().decode(bytes);
  }

  putCard(card: CatalogueCard): void {
    const key = keys.card(card.dataset);
    this.#stage(key, () => this.#stub.putPrivateData(catalogueCollection, key, Buffer.from(canonicalBytes(card))));
  }

  /** Takes a card from every member's peer: purged, not only deleted, so that no peer keeps it for others to ask for. */
  purgeCard(dataset: DatasetId): void {
    const key = keys.card(dataset);
    this.#stage(key, () => this.#stub.purgePrivateData(catalogueCollection, key));
  }

  async getCard(dataset: DatasetId): Promise<CatalogueCard> {
    const bytes = await this.#stub.getPrivateData(catalogueCollection, keys.card(dataset));
    if (bytes.length === 0) throw new Refusal('DATASET_NOT_FOUND', `there is no catalogue card of ${dataset}`);
    return decodeRecord<CatalogueCard>(bytes);
  }

  /** Stages ciphertext for the caller's implicit collection. */
  keep({ name, value }: KeptEntry): void {
    const key = keys.kept(name);
    this.#stage(key, () => this.#stub.putPrivateData(this.#ownCollection, key, Buffer.from(value, 'base64')));
  }

  purge(name: KeptName): void {
    const key = keys.kept(name);
    this.#stage(key, () => this.#stub.purgePrivateData(this.#ownCollection, key));
  }

  /** What the caller's organization keeps under a name, in base64, where it keeps anything. */
  async keptUnder(name: KeptName): Promise<{ readonly value?: string }> {
    const bytes = await this.#stub.getPrivateData(this.#ownCollection, keys.kept(name));
    return bytes.length === 0 ? {} : { value: Buffer.from(bytes).toString('base64') };
  }

  /** What the caller's organization keeps, from after a name on, as far as a page goes. */
  async kept(after: KeptName | undefined): Promise<{ readonly entries: readonly KeptEntry[]; readonly more: boolean }> {
    const { from, to } = keys.allKept();
    // No key of ours has a zero byte: this is the very next one.
    const start = after === undefined ? from : `${keys.kept(after)}\u0000`;
    const entries: KeptEntry[] = [];
    let characters = 0;
    for await (const { key, value } of this.#stub.getPrivateDataByRange(this.#ownCollection, start, to)) {
      const entry = { name: key.slice(from.length), value: Buffer.from(value).toString('base64') };
      if (entries.length > 0 && characters + entry.value.length > limits.keptPage) return { entries, more: true };
      entries.push(entry);
      characters += entry.value.length;
      if (entries.length >= limits.listed) return { entries, more: true };
    }
    return { entries, more: false };
  }

  get #ownCollection(): string {
    return implicitCollection(this.caller.mspId);
  }

  emit(...events: readonly DomainEvent[]): void {
    this.#events.push(...events);
  }

  /** The members, for policies that name them. */
  async members(): Promise<readonly MspId[]> {
    return (await this.get(keys.roster()))?.members ?? [];
  }

  /** Who has left, as of before the transaction. */
  departed(): Promise<Departed> {
    this.#departed ??= this.get(keys.roster()).then((roster) => roster?.departed ?? []);
    return this.#departed;
  }

  /** Writes what was staged, in order, and sets the one event. */
  async flush(): Promise<void> {
    for (const write of this.#staged.values()) await write();
    if (this.#events.length > 0) this.#stub.setEvent(eventName, Buffer.from(canonicalBytes(this.#events)));
  }

  /** A record as it counts with who has left. */
  async #standing<R>(key: string, record: R): Promise<R> {
    const kind = key.slice(0, key.indexOf('/'));
    return isLeavable(kind) ? afterDepartures(kind, record, await this.departed()) : record;
  }

  #stage(key: string, write: () => Promise<void>): void {
    if (this.#staged.has(key)) throw new Error(`${key} is written twice by this transaction`);
    this.#staged.set(key, write);
  }
}

function callerOf(identity: Identity): Caller {
  const mspId = identity.getMSPID();
  if (!isMspId(mspId))
    throw new Refusal('RECORD_INVALID', "the caller's MSP id is not one of letters, digits, dots and dashes");
  return {
    mspId,
    role: identity.getAttributeValue('dcloud.role') ?? undefined,
    // Only claims and attestations ask for the key; the others need not parse the certificate again.
    get keyId() {
      return keyIdOf(new X509Certificate(identity.getIDBytes()).publicKey);
    },
  };
}
