import type { AccessId, DatasetId, JobId, VersionId } from '@d-cloud/chaincode/domain';
import { Refusal } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { type KeyRelease, type ReleaseContext, type StorageManifest, sealKeyRelease } from '@d-cloud/pipelines/seal';
import type { Custodian } from '../custody/custodian.ts';
import type { JobStore } from '../jobs/job-store.ts';
import type { OutputSecrets } from '../jobs/output-secrets.ts';
import type { PeerCaller } from '../peer/peer-caller.ts';
import type { ReadModel } from '../projection/index.ts';
import {
  type CurrentClaim,
  checkAccess,
  checkClaim,
  checkFresh,
  checkModel,
  checkUse,
  type RightPowers,
} from './check-right.ts';
import type { KeyStore, VersionKeys } from './key-store.ts';
import { manifestNow } from './manifest-now.ts';
import { writePayload } from './release-payload.ts';
import { keysForClaim, keysOfSegments } from './segment-keys.ts';
import { type SharedSecrets, sharesAt } from './shared-secrets.ts';

export type ReleaseRequest =
  | { readonly kind: 'claim'; readonly job: JobId; readonly partition: number; readonly token: number }
  | { readonly kind: 'access'; readonly access: AccessId };

export type Release = {
  readonly role: 'input' | 'model' | 'output';
  readonly dataset: DatasetId;
  readonly version: VersionId;
  readonly epoch: number;
  readonly release: KeyRelease;
};

export type KeyServicePowers = RightPowers & {
  readonly channel: string;
  readonly readModel: Pick<ReadModel, 'transaction' | 'waitFor' | 'get'>;
  readonly keys: KeyStore;
  readonly jobs: Pick<JobStore, 'plan'>;
  readonly custody: Pick<Custodian, 'whereNow'>;
  readonly secrets: Pick<SharedSecrets, 'lend'>;
  readonly outputs: Pick<OutputSecrets, 'lend'>;
};

/**
 * Releases keys against transactions that our own peer has as VALID: a compute node's claim, a reader's access. Nothing is remembered between
 * two questions. Every answer, yes or no, is in the release log. Fails closed: whatever cannot be checked is not released.
 */
export class KeyService {
  readonly #powers: KeyServicePowers;

  constructor(powers: KeyServicePowers) {
    this.#powers = powers;
  }

  async release(caller: PeerCaller, request: ReleaseRequest, signal?: AbortSignal): Promise<readonly Release[]> {
    const against = request.kind === 'claim' ? `${request.job}:${request.partition}:${request.token}` : request.access;
    try {
      await checkFresh(this.#powers, signal);
      const releases =
        request.kind === 'claim'
          ? await this.#forClaim(caller, request, signal)
          : [await this.#forAccess(caller, request.access)];
      this.#log(caller, against, 'released', releases.map(({ version }) => version).join(' '));
      return releases;
    } catch (error) {
      this.#log(
        caller,
        against,
        'refused',
        error instanceof Refusal ? error.code : error instanceof Fault ? error.kind : 'fault',
      );
      throw error;
    }
  }

  async #forClaim(
    caller: PeerCaller,
    request: ReleaseRequest & { kind: 'claim' },
    signal: AbortSignal | undefined,
  ): Promise<readonly Release[]> {
    const current = await checkClaim(this.#powers, request);
    const { job, claim } = current;
    if (claim.organization !== caller.organization || claim.node !== caller.name) {
      throw new Refusal('PARTITION_NOT_FOUND', 'the claim is another compute node’s');
    }
    const { organization } = this.#powers;
    const releases: Release[] = [];
    if (job.datasetOwner === organization) releases.push(await this.#input(current, signal));
    if (job.modelOwner === organization) releases.push(await this.#model(current, signal));
    if (job.requester === organization) releases.push(await this.#output(current, signal));
    if (releases.length === 0) throw new Refusal('PARTITION_NOT_FOUND', 'the job has nothing of ours');
    return releases;
  }

  async #input({ job, partition, claim }: CurrentClaim, signal: AbortSignal | undefined): Promise<Release> {
    await checkUse(this.#powers, {
      action: 'use',
      dataset: job.dataset,
      version: job.version,
      by: job.requester,
      purpose: job.purpose,
      grant: job.grant,
      model: job.model,
      executor: claim.organization,
    });
    const kept = this.#kept(job.version, job.dataset);
    const range = { from: partition.firstSegment, to: partition.firstSegment + partition.segments };
    return this.#opening('input', kept, { ...recipientOf(claim), purpose: job.purpose }, signal, range);
  }

  async #model({ job, claim }: CurrentClaim, signal: AbortSignal | undefined): Promise<Release> {
    const kept = this.#kept(job.modelVersion);
    await checkUse(this.#powers, {
      action: 'use',
      dataset: kept.dataset,
      version: job.modelVersion,
      by: job.requester,
      purpose: job.purpose,
      grant: job.modelGrant,
      executor: claim.organization,
    });
    checkModel(
      await this.#powers.ledger.evaluate('model:getVersion', { model: job.model, number: job.modelNumber }),
      job,
    );
    return this.#opening('model', kept, { ...recipientOf(claim), purpose: job.purpose }, signal);
  }

  async #output({ job, partition, claim }: CurrentClaim, signal: AbortSignal | undefined): Promise<Release> {
    const secrets = this.#powers.keys.job(job.id);
    const plan = this.#powers.jobs.plan(job.id);
    const version = await this.#powers.ledger.evaluate('dataset:getVersion', { id: job.version });
    if (secrets === undefined || plan === undefined)
      throw new Fault('unavailable', `The secrets of ${job.id} are not here.`, { retryable: false });
    const range = { from: partition.firstSegment, to: partition.firstSegment + partition.segments };
    const { k, n, slots } = plan.placement;
    const cek = secrets.contentKey;
    const payload = await this.#powers.outputs.lend(
      job,
      (s, shares) =>
        writePayload({
          v: shares === undefined ? 1 : 2,
          keys: keysForClaim({ cek, s }, { version: job.outputVersion, token: claim.token }, range),
          ...(shares === undefined ? {} : { shares: Buffer.from(shares).toString('base64') }),
          rowSaltSecret: Buffer.from(secrets.rowSaltSecret).toString('base64'),
          scheme: { k, n },
          slots: slots.map(({ storageNode, organization }, slot) => ({ slot, storageNode, organization })),
          segmentCount: version.segmentRows.length,
        }),
      signal,
    );
    const named = { dataset: job.outputDataset, version: job.outputVersion, epoch: 1 };
    return this.#sealed('output', named, { ...recipientOf(claim), purpose: job.purpose }, payload);
  }

  async #forAccess(caller: PeerCaller, id: AccessId): Promise<Release> {
    const access = await checkAccess(this.#powers, id);
    if (access.reader !== caller.organization || caller.name !== 'gateway' || access.ephemeralKey === undefined) {
      throw new Refusal('ACCESS_NOT_FOUND', 'the access is another organization’s');
    }
    const kept = this.#kept(access.version, access.dataset);
    const { purpose, grant, reader, dataset, version } = access;
    await checkUse(this.#powers, { action: 'read', dataset, version, by: reader, purpose, grant });
    const transaction = this.#powers.readModel.get('access', id)?.transaction;
    if (transaction === undefined) throw new Fault('unavailable', `The access ${id} is not projected yet.`);
    const recipient = { key: access.ephemeralKey, grantee: reader, transaction, purpose };
    const manifest = manifestNow(kept);
    if (manifest.shares === undefined) return this.#opening('input', kept, recipient, undefined);
    const contentKey = Buffer.from(kept.contentKey).toString('base64');
    const anew = kept.shares === undefined ? {} : { shares: Buffer.from(kept.shares).toString('base64') };
    return this.#sealed(
      'input',
      kept,
      recipient,
      writePayload({ v: 2, ...this.#named(kept, manifest), ...anew, contentKey }),
    );
  }

  /**
   * What is kept of a version. The right was checked on the dataset that the record names: others could write a record, though no grant of
   * ours, that names a version of another one.
   */
  #kept(version: VersionId, dataset?: DatasetId): VersionKeys {
    const kept = this.#powers.keys.version(version);
    if (kept === undefined || (dataset !== undefined && kept.dataset !== dataset))
      throw new Refusal('VERSION_NOT_FOUND', `no keys of ${version} are kept here`);
    return kept;
  }

  async #opening(
    role: 'input' | 'model',
    kept: VersionKeys,
    recipient: Recipient,
    signal: AbortSignal | undefined,
    range?: { from: number; to: number },
  ): Promise<Release> {
    const manifest = manifestNow(kept);
    const at = sharesAt(manifest, this.#powers.custody.whereNow(manifest), ['own', kept.version]);
    const keys = await this.#powers.secrets.lend(
      at,
      (s) => keysOfSegments({ cek: kept.contentKey, s }, manifest, range),
      signal,
    );
    return this.#sealed(role, kept, recipient, writePayload({ v: 1, ...this.#named(kept, manifest), keys }));
  }

  #named({ manifest, salt }: VersionKeys, parsed: StorageManifest) {
    const slots = this.#powers.custody.whereNow(parsed);
    return {
      manifest: Buffer.from(manifest).toString('base64'),
      salt: Buffer.from(salt).toString('base64'),
      ...(slots === undefined ? {} : { slots }),
    };
  }

  async #sealed(
    role: Release['role'],
    { dataset, version, epoch }: Pick<Release, 'dataset' | 'version' | 'epoch'>,
    { key, ...recipient }: Recipient,
    payload: Uint8Array,
  ): Promise<Release> {
    const named = { dataset, version, epoch };
    const context: ReleaseContext = { channel: this.#powers.channel, ...named, ...recipient };
    return { role, ...named, release: await sealKeyRelease(Buffer.from(key, 'base64'), context, payload) };
  }

  #log(caller: PeerCaller, against: string, outcome: 'released' | 'refused', detail: string): void {
    const at = this.#powers.clock.now().toISOString();
    this.#powers.keys.logRelease({ at, caller: caller.organization, node: caller.name, against, outcome, detail });
  }
}

type Recipient = Pick<ReleaseContext, 'grantee' | 'transaction' | 'purpose'> & { readonly key: string };

function recipientOf(claim: CurrentClaim['claim']): Omit<Recipient, 'purpose'> {
  return { key: claim.ephemeralKey, grantee: claim.node, transaction: claim.transaction };
}
