/**
 * Who can decrypt what: after every publish, grant, revoke, rotation, expulsion and erasure of a random story, each reader and each attacker tries every
 * version under every epoch and sealing that it ever knew, and the whole table equals what a model of ten lines says. Real chaincode, key store,
 * keeper, rotator, key service, sealing and sharing; storage nodes are maps.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  canonicalBytes,
  cardCommitment,
  commit,
  type DatasetId,
  type GrantId,
  type IdKind,
  idFrom,
  keptName,
  type MspId,
  type StorageNodeId,
  type Submits,
  sha256,
  type VersionId,
} from '@d-cloud/chaincode/domain';
import { StoreRefusal } from '@d-cloud/network/store';
import {
  blockId,
  encodeManifest,
  gatherSecret,
  generateKeyPair,
  manifestHash,
  mintSecret,
  openKeyRelease,
  openSegments,
  parseKeyRelease,
  parseManifest,
  SealThreads,
  type StorageManifest,
  sealSegments,
} from '@d-cloud/pipelines/seal';
import { afterAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CustodyStore } from '../custody/custody-store.ts';
import { reshareVersion } from '../custody/reshare-version.ts';
import { type CurrentSlot, currentSlots, VersionBlocks } from '../custody/version-blocks.ts';
import { dueVersions } from '../reseal/due-versions.ts';
import { InProcessChannel, type Loose, TestGateway } from '../testing/index.ts';
import { readKeptVersion } from './kept-version.ts';
import { KeyKeeper } from './key-keeper.ts';
import { KeyService, type KeyServicePowers } from './key-service.ts';
import { KeyStore } from './key-store.ts';
import { manifestNow } from './manifest-now.ts';
import { organizationKey } from './organization-keys.ts';
import { Rotator } from './rotator.ts';
import { valueCipher } from './sealed-value.ts';
import { SharedSecrets, sharesAt } from './shared-secrets.ts';

const purpose = 'dpv:AcademicResearch';
const scheme = { k: 2, n: 5 };
const alder = 'AlderMSP' as MspId;
const readers = ['BirchMSP' as MspId, 'CedarMSP' as MspId] as const;
const nodeOf = (slot: number) => `stor_${slot}` as StorageNodeId;
const threads = new SealThreads(1);
afterAll(() => threads[Symbol.asyncDispose]());

/** What the model knows of a version, and what attackers have of it. */
type Version = {
  readonly id: VersionId;
  readonly plain: string;
  sealing: number;
  epoch: number;
  erased: boolean;
  /** Content keys and manifests that readers were given and kept, by sealing. */
  readonly hoarded: Map<number, { contentKey: Uint8Array; manifest: StorageManifest }>;
  /** Shares that expelled storage nodes kept, with the sealing and the manifest that they are of. */
  readonly expelled: { slot: number; bytes: Uint8Array; sealing: number }[];
};

class World implements AsyncDisposable {
  readonly channel = new InProcessChannel();
  readonly directory = mkdtempSync(join(tmpdir(), 'decrypt-'));
  readonly gateways = new Map<MspId, TestGateway>();
  readonly blocks = new Map<string, Map<string, Uint8Array>>();
  readonly versions: Version[] = [];
  readonly grants: { readonly id: GrantId; readonly reader: MspId; issued: boolean }[] = [];
  /** Dataset keys that a thief copied out of the key store while they were there. */
  readonly stolen = new Map<number, Uint8Array>();
  readonly barred = new Set<StorageNodeId>();
  readonly dataset = idFrom('dset', randomBytes(16)) as DatasetId;
  epoch = 1;
  keys!: KeyStore;
  custody!: CustodyStore;
  keeper!: KeyKeeper;
  rotator!: Rotator;
  service!: KeyService;
  attempts = 0;

  static async begin(): Promise<World> {
    const world = new World();
    for (const name of ['alder', 'birch', 'cedar']) {
      const gateway = await new TestGateway(world.channel, name).start();
      world.gateways.set(gateway.config.organization.mspId, gateway);
    }
    await world.open();
    const agreementKey = Buffer.from(organizationKey(world.keys, undefined).publicKey).toString('base64');
    for (const [at, mspId] of [alder, ...readers].entries())
      await world.submit(mspId, 'organization:register', {
        name: mspId,
        gatewayAddress: `https://127.0.0.1:${7000 + at}`,
        agreementKey,
      });
    await world.submit(alder, 'purpose:define', { purposes: [{ id: purpose, label: 'x' }] }, { role: 'admin' });
    const card = {
      v: 1,
      dataset: world.dataset,
      salt: '00'.repeat(16),
      title: 't',
      description: '',
      keywords: [],
      licence: 'x',
    } as const;
    const terms = { access: 'granted', purposes: [purpose] } as const;
    const body = { id: world.dataset, modality: 'documents', terms, cardCommitment: cardCommitment(card) } as const;
    await world.submit(alder, 'dataset:register', body, { transient: { card: canonicalBytes(card) } });
    return world;
  }

  async open(): Promise<void> {
    const { ledger, readModel, clock, keyedHash } = this.services(alder);
    const inside = (name: string) => join(this.directory, name);
    this.keys = KeyStore.open({ file: inside('keys.sqlite'), keyFile: inside('key'), random: randomBytes });
    this.custody = new CustodyStore(inside('custody.sqlite'));
    this.keeper = new KeyKeeper({
      organization: alder,
      channel: 'dcloud',
      ledger,
      readModel,
      keys: this.keys,
      custody: this.custody,
      storage: { organization: alder, storageNodes: new Set(), index: { reserve: () => 'taken', confirm() {} } },
      recoveryKey: undefined,
      organizationSecret: new Uint8Array(32),
      random: randomBytes,
      keyedHash,
      restoredFile: inside('restored'),
    });
    const log = { info() {}, warn() {}, error() {} } as never;
    const { keys, keeper } = this;
    this.rotator = new Rotator({ organization: alder, readModel, keys, keeper, failpoint: () => {}, log });
    this.service = new KeyService({
      organization: alder,
      channel: 'dcloud',
      ledger,
      readModel,
      ownHeight: async () => this.channel.blocks.length,
      clock,
      keys,
      jobs: { plan: () => undefined },
      custody: { whereNow: () => undefined },
      secrets: this.secrets,
      outputs: {},
    } as unknown as KeyServicePowers);
  }

  readonly secrets = new SharedSecrets({ blocksAt: () => ({ get: this.get }), keepMs: 0 });

  readonly get = async (slot: number, cid: string): Promise<Uint8Array> => {
    const bytes = this.blocks.get(nodeOf(slot))?.get(cid);
    if (bytes === undefined) throw new StoreRefusal('BLOCK_NOT_FOUND', `slot ${slot} has no ${cid}`);
    return bytes;
  };

  put(slot: number, cid: string, bytes: Uint8Array): void {
    const node = this.blocks.get(nodeOf(slot)) ?? new Map<string, Uint8Array>();
    node.set(cid, Uint8Array.from(bytes));
    this.blocks.set(nodeOf(slot), node);
  }

  services(mspId: MspId) {
    return this.gateways.get(mspId)!.gateway.services;
  }

  async submit<N extends keyof Submits>(
    mspId: MspId,
    name: N,
    body: Submits[N]['body'],
    { role = 'gateway', ...options }: { role?: 'gateway' | 'admin'; transient?: Record<string, Uint8Array> } = {},
  ) {
    const key = randomBytes(16).toString('hex');
    const { ledger } = this.services(mspId);
    const submitted = await ledger
      .as(role)
      .submit(name, body, { key, person: sha256('p'), digest: sha256(key) }, options);
    await this.services(alder).readModel.waitFor(submitted.block);
    return submitted;
  }

  async sealed(version: VersionId, plain: string, contentKey: Uint8Array): Promise<StorageManifest> {
    const { s, blocks, digests: shares } = mintSecret(scheme);
    for (const { slot, cid, bytes } of blocks) this.put(slot, cid, bytes);
    async function* segments() {
      yield { bytes: Uint8Array.from(Buffer.from(plain)), rows: 1 };
    }
    return sealSegments(segments(), {
      version,
      secret: { cek: contentKey, s },
      shares,
      token: 0,
      firstSegment: 0,
      scheme,
      slots: Array.from({ length: scheme.n }, (_, slot) => ({ slot, storageNode: nodeOf(slot), organization: alder })),
      schemaHash: 'ab'.repeat(32),
      threads,
      put: async ({ slot, cid, bytes }) => this.put(slot, cid, bytes),
    });
  }

  async publish(): Promise<void> {
    const id = idFrom('vers', randomBytes(16));
    const plain = `the plaintext of ${id}`;
    const contentKey = randomBytes(32);
    const manifest = await this.sealed(id, plain, contentKey);
    const salt = randomBytes(32);
    const { dataset, epoch } = this;
    this.keys.putVersion({ version: id, dataset, epoch, contentKey, salt, manifest: encodeManifest(manifest) });
    await this.keeper.keep(id);
    await this.submit(alder, 'dataset:publishVersion', {
      ...this.committed(id, salt, manifest),
      dataset,
      schemaHash: manifest.schemaHash,
      rows: 1,
      segmentRows: [1],
      parents: [],
    });
    this.versions.push({ id, plain, sealing: 1, epoch, erased: false, hoarded: new Map(), expelled: [] });
  }

  committed(id: VersionId, salt: Uint8Array, manifest: StorageManifest) {
    const manifestCommitment = commit(salt, Buffer.from(manifestHash(encodeManifest(manifest)), 'hex'));
    return { id, manifestCommitment, contentRoot: manifest.contentRoot, sizeClass: '4096', epoch: this.epoch };
  }

  async issue(reader: MspId): Promise<void> {
    const id = idFrom('grnt', randomBytes(16));
    const terms = { actions: ['read'], purposes: [purpose], versions: [], models: [], executors: [] } as const;
    await this.submit(alder, 'grant:issue', { id, dataset: this.dataset, grantee: reader, terms });
    this.grants.push({ id, reader, issued: true });
  }

  async revoke(which: number, hard: boolean): Promise<void> {
    const issued = this.grants.filter((grant) => grant.issued);
    const grant = issued[which % issued.length];
    if (grant === undefined) return;
    await this.submit(alder, 'grant:revoke', { id: grant.id, reason: 'x', ...(hard && { hard }) });
    grant.issued = false;
    this.epoch++;
    for (const version of this.versions) version.epoch = this.epoch;
    if (hard) await this.reseal();
    await this.rotator.settle(new AbortController().signal);
  }

  /** What the resealer does, with storage nodes that are maps. */
  async reseal(): Promise<void> {
    for (const { id } of dueVersions(this.services(alder).readModel, alder)) {
      const version = this.versions.find((one) => one.id === id)!;
      const old = new VersionBlocks(manifestNow(this.keys.version(id)!));
      const contentKey = randomBytes(32);
      const salt = randomBytes(32);
      const manifest = await this.sealed(id, version.plain, contentKey);
      const sealing = version.sealing + 1;
      this.keys.putNext(sealing, { version: id, contentKey, salt, manifest: encodeManifest(manifest) });
      await this.keeper.keep(id);
      await this.submit(alder, 'dataset:reseal', { ...this.committed(id, salt, manifest), sealing });
      this.custody.forget(id);
      this.keys.takeNext(id);
      await this.keeper.keep(id);
      this.remove(old);
      version.sealing = sealing;
    }
  }

  remove(blocks: VersionBlocks): void {
    for (const node of this.blocks.values())
      for (let slot = 0; slot < scheme.n; slot++)
        for (const ordinal of blocks.ordinals) node.delete(blocks.cid(slot, ordinal));
  }

  async rotateKey(): Promise<void> {
    await this.submit(alder, 'organization:rotateKey', { agreementKey: await this.rotator.mintNext() });
    await this.rotator.settle(new AbortController().signal);
  }

  /** At most two: with three of five gone too few are left to share anew. */
  async expel(which: number): Promise<void> {
    const node = nodeOf(which % scheme.n);
    if (this.barred.has(node) || this.barred.size === 2) return;
    this.barred.add(node);
    for (const version of this.versions.filter(({ erased }) => !erased)) {
      const blocks = new VersionBlocks(manifestNow(this.keys.version(version.id)!));
      const slot = which % scheme.n;
      const share = this.blocks.get(node)?.get(blocks.cid(slot, blocks.stripes.length));
      if (share !== undefined) version.expelled.push({ slot, bytes: share, sealing: version.sealing });
      await reshareVersion(
        {
          store: this.custody,
          keys: this.keys,
          keeper: this.keeper,
          secrets: this.secrets,
          random: randomBytes,
          failpoint: () => {},
          hasLeft: () => false,
          blocks: {
            put: async (at, cid, bytes) => this.put(Number(at.slice(5)), cid, bytes),
            // An expelled storage node keeps what it has.
            remove: async (at, cid) => void (this.barred.has(at) || this.blocks.get(at)?.delete(cid)),
          },
        },
        blocks,
        this.slots(blocks),
        this.barred,
        new AbortController().signal,
      );
    }
  }

  slots({ manifest }: VersionBlocks): readonly CurrentSlot[] {
    return currentSlots(manifest, new Map());
  }

  async erase(which: number): Promise<void> {
    const left = this.versions.filter(({ erased }) => !erased);
    const version = left[which % left.length];
    if (version === undefined) return;
    const body = {
      id: idFrom('eras' as IdKind, randomBytes(16)),
      dataset: this.dataset,
      versions: [version.id],
      derived: [],
    };
    await this.submit(alder, 'dataset:requestErasure', { ...body, whole: false, reason: 'x' } as Loose, {
      role: 'admin',
    });
    const blocks = new VersionBlocks(manifestNow(this.keys.version(version.id)!));
    this.keys.destroy([version.id]);
    await this.keeper.purge();
    this.remove(blocks);
    version.erased = true;
  }

  /** Every attempt, as `who what`: whether it decrypts; and the same as the model says. */
  async table(): Promise<{ readonly seen: Record<string, boolean>; readonly said: Record<string, boolean> }> {
    const seen: Record<string, boolean> = {};
    const said: Record<string, boolean> = {};
    const tell = (name: string, found: boolean, expected: boolean) => {
      [seen[name], said[name]] = [found, expected];
      this.attempts++;
    };
    for (const { epoch } of this.keys.datasetKeys())
      this.stolen.set(epoch, Uint8Array.from(this.keys.datasetKey(this.dataset, epoch)!));
    for (const version of this.versions) {
      tell(`owner ${version.id}`, await this.asOwner(version), !version.erased);
      for (const reader of readers) {
        const grants = this.grants.filter((grant) => grant.reader === reader);
        for (const { id, issued } of grants)
          tell(`${reader} ${id} ${version.id}`, await this.asReader(reader, id, version), issued && !version.erased);
      }
      for (const [epoch, key] of this.stolen) {
        const expected = !version.erased && version.epoch === epoch;
        tell(`thief of epoch ${epoch} ${version.id}`, await this.asThief(epoch, key, version), expected);
      }
      for (const [sealing, { contentKey, manifest }] of version.hoarded) {
        const now =
          sealing === version.sealing && !version.erased ? manifestNow(this.keys.version(version.id)!) : manifest;
        const expected = !version.erased && sealing === version.sealing;
        tell(`hoarder of sealing ${sealing} ${version.id}`, await this.opens(now, contentKey, version), expected);
        const few = await this.opens(now, contentKey, version, (slot) => slot < scheme.k - 1);
        tell(`hoarder of sealing ${sealing} at k - 1 ${version.id}`, few, false);
      }
      for (const [at, one] of version.expelled.entries())
        tell(`expelled ${at} ${version.id}`, await this.asExpelled(one, version), false);
    }
    return { seen, said };
  }

  async asOwner(version: Version): Promise<boolean> {
    const kept = this.keys.version(version.id);
    return kept !== undefined && this.opens(manifestNow(kept), kept.contentKey, version);
  }

  async asReader(reader: MspId, grant: GrantId, version: Version): Promise<boolean> {
    const pair = generateKeyPair();
    const body = {
      id: idFrom('accs', randomBytes(16)),
      version: version.id,
      purpose,
      grant,
      ephemeralKey: Buffer.from(pair.publicKey).toString('base64'),
    };
    try {
      const { result: access, transaction } = await this.submit(reader, 'access:record', body);
      const [given] = await this.service.release(
        { organization: reader, name: 'gateway' },
        { kind: 'access', access: access.id },
      );
      const { dataset, version: id, epoch } = given!;
      const context = { channel: 'dcloud', dataset, version: id, epoch, grantee: reader, purpose, transaction };
      const payload = JSON.parse(
        Buffer.from(await openKeyRelease(pair, context, parseKeyRelease(given!.release))).toString('utf8'),
      );
      const manifest = parseManifest(Buffer.from(payload.manifest, 'base64'));
      const contentKey = Buffer.from(payload.contentKey, 'base64');
      version.hoarded.set(version.sealing, { contentKey, manifest });
      const now =
        payload.shares === undefined ? manifest : { ...manifest, shares: Buffer.from(payload.shares, 'base64') };
      return await this.opens(now, contentKey, version);
    } catch {
      return false;
    }
  }

  /** Who copied a dataset key of an epoch, reads what the ledger keeps now and every storage node. */
  async asThief(epoch: number, key: Uint8Array, version: Version): Promise<boolean> {
    const entries = (await this.services(alder).ledger.evaluate('key:list', {})).entries;
    const entry = entries.find(({ name }) => name === keptName.version(version.id));
    if (entry === undefined) return false;
    try {
      const cipher = valueCipher(key, 'd-cloud dataset key v1', randomBytes);
      const text = cipher.open(['kept', version.id, this.dataset, epoch], Buffer.from(entry.value, 'base64'));
      const kept = readKeptVersion(text);
      return await this.opens(manifestNow(kept), kept.contentKey, version);
    } catch {
      return false;
    }
  }

  /** The expelled node's share, the true content key, and k - 1 shares of now: an S that is none. */
  async asExpelled(one: Version['expelled'][number], version: Version): Promise<boolean> {
    const kept = this.keys.version(version.id);
    if (kept === undefined || one.sealing !== version.sealing) return false;
    const manifest = manifestNow(kept);
    const digest = blockId(Buffer.from(sha256(one.bytes), 'hex'));
    const shares = Buffer.from(manifest.shares!);
    Buffer.from(sha256(one.bytes), 'hex').copy(shares, 32 * one.slot);
    let others = 0;
    const get = async (slot: number, cid: string) => {
      if (slot === one.slot && cid === digest) return one.bytes;
      if (slot !== one.slot && others < scheme.k - 1) {
        others++;
        return this.get(slot, cid);
      }
      throw new StoreRefusal('BLOCK_NOT_FOUND', 'out of reach');
    };
    try {
      const s = await gatherSecret({ ...scheme, shares }, { get });
      return await this.opensWith(manifest, { cek: kept.contentKey, s }, version);
    } catch {
      return false;
    }
  }

  async opens(
    manifest: StorageManifest,
    contentKey: Uint8Array,
    version: Version,
    reach: (slot: number) => boolean = () => true,
  ): Promise<boolean> {
    const get = async (slot: number, cid: string) => {
      if (!reach(slot)) throw new StoreRefusal('BLOCK_NOT_FOUND', 'out of reach');
      return this.get(slot, cid);
    };
    try {
      const { storageNodes: _, right: __, ...shared } = sharesAt(manifest, undefined, [])!;
      const s = await gatherSecret(shared, { get });
      return await this.opensWith(manifest, { cek: contentKey, s }, version);
    } catch {
      return false;
    }
  }

  async opensWith(
    manifest: StorageManifest,
    secret: { readonly cek: Uint8Array; readonly s: Uint8Array },
    version: Version,
  ): Promise<boolean> {
    const pieces: Uint8Array[] = [];
    for await (const { bytes } of openSegments(manifest, { secretFor: () => secret, get: this.get, threads }))
      pieces.push(bytes);
    return Buffer.concat(pieces).toString() === version.plain;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.secrets[Symbol.dispose]();
    this.custody[Symbol.dispose]();
    this.keys[Symbol.dispose]();
    for (const gateway of this.gateways.values()) await gateway[Symbol.asyncDispose]();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const which = fc.nat({ max: 9 });
const deed = fc.oneof(
  { weight: 3, arbitrary: fc.constant(['publish'] as const) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('issue' as const), fc.constantFrom(...readers)) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('revoke' as const), which) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('revoke hard' as const), which) },
  { weight: 1, arbitrary: fc.constant(['rotate'] as const) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('expel' as const), which) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('erase' as const), which) },
);

test('after each deed the table of who decrypts which version under which epoch equals the model', async () => {
  let [stories, attempts] = [0, 0];
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { minLength: 3, maxLength: 9 }), async (deeds) => {
      await using world = await World.begin();
      for (const [what, ...rest] of [['publish'], ['issue', readers[0]], ...deeds] as readonly [string, Loose][]) {
        if (what === 'publish') await world.publish();
        else if (what === 'issue') await world.issue(rest[0]);
        else if (what === 'revoke' || what === 'revoke hard') await world.revoke(rest[0], what === 'revoke hard');
        else if (what === 'rotate') await world.rotateKey();
        else if (what === 'expel') await world.expel(rest[0]);
        else await world.erase(rest[0]);
        const { seen, said } = await world.table();
        expect(seen).toEqual(said);
      }
      stories++;
      attempts += world.attempts;
    }),
    { numRuns: 8 },
  );
  expect(stories).toBeGreaterThanOrEqual(8);
  expect(attempts).toBeGreaterThan(100);
}, 120_000);
