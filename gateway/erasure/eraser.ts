import {
  type DatasetRecord,
  type ErasureId,
  type ErasureRecord,
  type StorageNodeRecord,
  sha256,
  type VersionId,
  type VersionRecord,
} from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import type { Logger } from 'pino';
import { FollowUp } from '../background/follow-up.ts';
import { gatewayStamp } from '../background/gateway-stamp.ts';
import type { Custodian } from '../custody/custodian.ts';
import type { JobStore } from '../jobs/job-store.ts';
import type { KeyKeeper } from '../keys/key-keeper.ts';
import type { KeyStore } from '../keys/key-store.ts';
import type { GatewayLedger } from '../ledger.ts';
import { listAll } from '../peer/list-all.ts';
import { PeerProblem } from '../peer/peer-problem.ts';
import type { ReadModel } from '../projection/index.ts';
import type { Failpoint } from '../publish/failpoint.ts';
import type { Clock } from '../services.ts';
import { signCertificate } from './certificate.ts';
import { type ClearEverywherePowers, clearStorageNode } from './clear-everywhere.ts';
import type { AskedNode, ErasureStore } from './erasure-store.ts';
import { verifyCertificate } from './verify-certificate.ts';

export type EraserPowers = ClearEverywherePowers & {
  readonly channel: string;
  readonly ledger: Pick<GatewayLedger, 'submit'>;
  readonly readModel: Pick<ReadModel, 'get' | 'list' | 'events' | 'head'>;
  readonly keys: Pick<KeyStore, 'version' | 'destroy'>;
  readonly keeper: Pick<KeyKeeper, 'purge'>;
  readonly jobs: Pick<JobStore, 'forget'>;
  readonly custody: Pick<Custodian, 'end'>;
  readonly store: ErasureStore;
  /** The gateway's own certificate and key, PEM: signs certificates. */
  readonly identity: { readonly certificate: string; readonly key: string };
  readonly keyedHash: (...parts: readonly string[]) => Uint8Array;
  readonly clock: Clock;
  readonly failpoint: Failpoint;
  readonly log: Logger;
};

/** How far an erasure has come, as its owner's gateway knows. */
export type ErasureProgress = {
  readonly keysDestroyedAt?: string | undefined;
  readonly nodes: readonly AskedNode[];
  /** The bytes of the certificate's file. */
  readonly certificate?: Uint8Array | undefined;
};

/** An erasure that was asked for, and storage nodes and gateways that come, move or go, are reasons to look at once. */
const reasons = /^(dataset\.erasure-|storage-node\.|organization\.)/;

/**
 * Carries out the erasures that this organization has asked for on the ledger: destroys keys, clears every storage node, certifies, records. The ledger
 * says what is to be done and the store how far it is, so that it goes on after a crash at any line; storage nodes that are away are
 * asked again until they are back or have left.
 */
export class Eraser implements AsyncDisposable {
  readonly #powers: EraserPowers;
  readonly #followUp: FollowUp;

  constructor(powers: EraserPowers) {
    this.#powers = powers;
    this.#followUp = new FollowUp(powers, {
      wakes: ({ kind }) => reasons.test(kind),
      pass: (signal) => this.#pass(signal),
      pauseMs: { first: 2_000, most: 60_000 },
    });
  }

  start(): void {
    this.#followUp.start();
  }

  progressOf(erasure: ErasureId): ErasureProgress {
    const { store } = this.#powers;
    const certificate = store.certificate(erasure);
    return { keysDestroyedAt: store.destroyedAt(erasure), nodes: store.asked(erasure), certificate };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#followUp[Symbol.asyncDispose]();
  }

  /** One look at every erasure that is asked for; gives whether all are done. */
  async #pass(signal: AbortSignal): Promise<boolean> {
    const { organization, readModel, log } = this.#powers;
    let isDone = true;
    this.#tidy();
    for (const erasure of listAll(readModel, 'erasure', { owner: organization, state: 'requested' })) {
      try {
        if (!(await this.#advance(erasure))) isDone = false;
      } catch (error) {
        signal.throwIfAborted();
        isDone = false;
        log.warn({ err: error, erasure: erasure.id }, 'an erasure is not done yet and is gone on with');
      }
    }
    return isDone;
  }

  /** Of what is erased nothing stays here: neither lists that a crash left, nor keys that came back with an older backup. */
  #tidy(): void {
    const { organization, readModel, keys, store, log } = this.#powers;
    for (const { id, versions } of listAll(readModel, 'erasure', { owner: organization, state: 'erased' })) {
      store.forgetBlocks(id);
      const restored = versions.filter((version) => keys.version(version) !== undefined);
      if (restored.length === 0) continue;
      keys.destroy(restored);
      log.warn({ erasure: id, restored }, 'keys of erased versions had come back and were destroyed again');
    }
  }

  /** Does what is left of an erasure; gives whether that was all. */
  async #advance(erasure: ErasureRecord): Promise<boolean> {
    const { store, failpoint, log } = this.#powers;
    await this.#destroyKeys(erasure);
    if (store.certificate(erasure.id) === undefined) {
      if (!(await this.#clear(erasure))) return false;
      failpoint('erase.cleared');
      const certificate = await this.#certificateOf(erasure);
      // What goes on the ledger stays there: nothing does that its readers would not believe.
      const wrong = verifyCertificate(certificate, {}).checks.find(({ ok }) => !ok);
      if (wrong !== undefined) throw new Fault('corrupt', `It cannot be certified yet: ${wrong.sentence}`);
      store.certify(erasure.id, certificate);
      failpoint('erase.certified');
    }
    await this.#record(erasure.id, store.certificate(erasure.id) as Uint8Array);
    failpoint('erase.recorded');
    store.forgetBlocks(erasure.id);
    log.info({ erasure: erasure.id, dataset: erasure.dataset }, 'erased');
    return true;
  }

  async #destroyKeys({ id, dataset, versions, whole }: ErasureRecord): Promise<void> {
    const { store, custody, keys, keeper, jobs, readModel, clock, failpoint } = this.#powers;
    if (store.destroyedAt(id) !== undefined) return;
    for (const version of versions) {
      await custody.end(version, (known) => {
        const cids = known?.slots.flatMap(({ slot }) => known.blocks.ordinals.map((at) => known.blocks.cid(slot, at)));
        store.list(id, {
          version,
          cids: [...new Set(cids)],
          storageNodes: known?.slots.map(({ storageNode }) => storageNode) ?? [],
        });
        failpoint('erase.listed');
        keys.destroy([version]);
      });
      const job = readModel.get('version', version)?.record.origin.job;
      if (job !== undefined) jobs.forget(job);
    }
    if (whole) keys.destroy(versions, dataset);
    // What is kept of them on the ledger goes as well, before it is said that they are destroyed.
    await keeper.purge(this.#followUp.signal);
    store.destroyed(id, clock.now().toISOString());
    failpoint('erase.keys-destroyed');
  }

  /** Clears every storage node that was not found to have nothing yet; gives whether all are done. */
  async #clear({ id }: ErasureRecord): Promise<boolean> {
    const { store, readModel, failpoint, log } = this.#powers;
    const listed = store.listed(id);
    const blocks = listed.reduce((sum, { cids }) => sum + cids.length, 0);
    const since = store.destroyedAt(id) as string;
    const isDone = ({ outcome, absent, at }: AskedNode) => outcome === 'absent' && absent >= blocks && at >= since;
    const done = new Set(store.asked(id).flatMap((asked) => (isDone(asked) ? [asked.node] : [])));
    const todo = listAll(readModel, 'storage-node').filter((node) => !done.has(node.id));
    const outcomes = await Promise.all(
      todo.map(async (node) => {
        const asked = await this.#clearNode(node, listed);
        if (asked === undefined) return true;
        store.ask(id, asked);
        if (asked.outcome === 'absent') failpoint('erase.first-cleared');
        if (asked.outcome === 'away' || asked.outcome === 'remains')
          log.info({ erasure: id, ...asked }, 'a storage node is not cleared yet');
        return asked.outcome === 'absent' || asked.outcome === 'left';
      }),
    );
    return outcomes.every(Boolean);
  }

  /** Nothing for a storage node that left and never had anything of it. */
  async #clearNode(
    node: StorageNodeRecord,
    listed: ReturnType<ErasureStore['listed']>,
  ): Promise<AskedNode | undefined> {
    const named = { node: node.id, organization: node.organization } as const;
    const nothing = { removed: 0, absent: 0 } as const;
    const at = () => this.#powers.clock.now().toISOString();
    if (node.state === 'left') {
      const held = listed.some(({ storageNodes }) => storageNodes.includes(node.id));
      return held ? { ...named, ...nothing, outcome: 'left', at: at() } : undefined;
    }
    const { signal } = this.#followUp;
    try {
      const { removed, absent, remaining } = await clearStorageNode(this.#powers, node, listed, signal);
      return { ...named, removed, absent, outcome: remaining > 0 ? 'remains' : 'absent', at: at() };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Fault || error instanceof PeerProblem)) throw error;
      return { ...named, ...nothing, outcome: 'away', at: at(), detail: error.message };
    }
  }

  #certificateOf(erasure: ErasureRecord): Promise<Uint8Array> {
    const { channel, readModel, store, identity, clock } = this.#powers;
    const recorded = readModel.get('erasure', erasure.id);
    const dataset = readModel.get('dataset', erasure.dataset)?.record as DatasetRecord;
    const keysDestroyedAt = store.destroyedAt(erasure.id);
    if (recorded === undefined || keysDestroyedAt === undefined)
      throw new Fault('unavailable', `${erasure.id} is not known here.`);
    const certified = {
      channel,
      erasure,
      dataset,
      versions: erasure.versions.map((id: VersionId) => readModel.get('version', id)?.record as VersionRecord),
      requested: { transaction: recorded.transaction, block: recorded.block, at: recorded.time },
      keysDestroyedAt,
      listed: store.listed(erasure.id),
      asked: store.asked(erasure.id),
      certifiedAt: clock.now().toISOString(),
    };
    return signCertificate(certified, identity);
  }

  async #record(id: ErasureId, certificate: Uint8Array): Promise<void> {
    const body = { id, certificate: sha256(certificate) };
    const stamp = gatewayStamp(this.#powers.keyedHash, 'erasure', id, body);
    await this.#powers.ledger.submit('dataset:recordErasure', body, stamp);
  }
}
