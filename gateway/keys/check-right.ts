import {
  type AccessRecord,
  type Claim,
  checkNotErased,
  type DatasetId,
  type GrantId,
  type GrantRecord,
  type JobRecord,
  type ModelVersionRecord,
  type MspId,
  needsGrant,
  type PartitionRecord,
  Refusal,
} from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import type { GatewayLedger } from '../ledger.ts';
import type { ReadModel } from '../projection/index.ts';
import type { Clock } from '../services.ts';

/** What the key service decides from: our own peer's state, and our own reading of its blocks. */
export type RightPowers = {
  readonly organization: MspId;
  readonly ledger: Pick<GatewayLedger, 'evaluate'>;
  readonly readModel: Pick<ReadModel, 'transaction' | 'waitFor'>;
  /** Height of the chain at the own organization's peer. */
  readonly ownHeight: (signal?: AbortSignal) => Promise<number>;
  readonly clock: Clock;
};

/** How long the projection may take to reach its own peer before nothing is released. */
const catchUpMs = 2_000;

/** Fails closed (Fault `unavailable`) while our projection is behind our own peer: what it has not read may be a revoke. */
export async function checkFresh({ readModel, ownHeight }: RightPowers, signal?: AbortSignal): Promise<void> {
  const height = await ownHeight(signal);
  try {
    await readModel.waitFor(height - 1, { timeoutMs: catchUpMs, ...(signal === undefined ? {} : { signal }) });
  } catch (cause) {
    throw new Fault('unavailable', 'This gateway has not yet read all blocks of its own peer.', { cause });
  }
}

export type CurrentClaim = { readonly job: JobRecord; readonly partition: PartitionRecord; readonly claim: Claim };

/** The claim as our own peer has it now, or a refusal: FENCED when a newer token is out, EXECUTOR_NOT_ALLOWED for a node outside the job's executors. */
export async function checkClaim(
  powers: RightPowers,
  named: { readonly job: JobRecord['id']; readonly partition: number; readonly token: number },
): Promise<CurrentClaim> {
  const partition = await powers.ledger.evaluate('partition:get', { job: named.job, index: named.partition });
  const { claim } = partition;
  // A claim newer than what our own peer shows has not reached it yet: the node asks again.
  if (named.token > partition.token) throw new Fault('unavailable', 'The claim has not reached our own peer yet.');
  if (partition.state !== 'claimed' || claim === undefined || claim.token !== named.token) {
    throw new Refusal('FENCED', `partition ${named.partition} is not claimed under token ${named.token}`);
  }
  await checkTransaction(powers, claim.transaction, claim.organization, 'partition:claim');
  const job = await powers.ledger.evaluate('job:get', { id: named.job });
  if (job.state !== 'queued' && job.state !== 'running')
    throw new Refusal('STATE_CONFLICT', `job ${job.id} is ${job.state}`);
  if (!job.executors.includes(claim.organization)) {
    throw new Refusal('EXECUTOR_NOT_ALLOWED', `${claim.organization} is not among the executors of ${job.id}`);
  }
  return { job, partition, claim };
}

/** An allowed access as our own peer has it, or a refusal. */
export async function checkAccess(powers: RightPowers, id: AccessRecord['id']): Promise<AccessRecord> {
  const access = await powers.ledger.evaluate('access:get', { id });
  if (access.outcome !== 'allowed') throw new Refusal('ACTION_NOT_GRANTED', `access ${id} was denied`);
  return access;
}

/** The use that a right must cover. */
export type Use = {
  readonly action: 'use' | 'read';
  readonly dataset: DatasetId;
  readonly version: JobRecord['version'];
  readonly by: MspId;
  readonly purpose: string;
  readonly grant?: GrantId | undefined;
  readonly model?: JobRecord['model'];
  readonly executor?: MspId;
};

/**
 * Checks that our dataset may be used so and that the version is not erased: its owner's own use and datasets for all members need no grant, all others need one that is
 * issued now, not expired by our own clock, covers the use, and whose issuing transaction our own organization signed.
 */
export async function checkUse(powers: RightPowers, use: Use): Promise<void> {
  const dataset = await powers.ledger.evaluate('dataset:get', { id: use.dataset });
  if (dataset.owner !== powers.organization) throw new Refusal('CALLER_NOT_OWNER', `${use.dataset} is not ours`);
  checkNotErased(await powers.ledger.evaluate('dataset:getVersion', { id: use.version }));
  const until = dataset.terms.inherited?.until;
  if (until !== undefined && Date.parse(until) <= powers.clock.now().getTime()) {
    throw new Refusal('GRANT_EXPIRED', `the right on ${use.dataset} ended at ${until}`);
  }
  // An owner's own job on other organizations' nodes: it named the executors itself when it asked for the job.
  if (!needsGrant(dataset, use.by)) return;
  if (use.grant === undefined) throw new Refusal('GRANT_MISMATCH', `${use.dataset} needs a grant`);
  const { grant } = await powers.ledger.evaluate('grant:get', { id: use.grant });
  await checkGrant(powers, grant, use);
}

async function checkGrant(powers: RightPowers, grant: GrantRecord, use: Use): Promise<void> {
  const { terms } = grant;
  if (grant.dataset !== use.dataset || grant.owner !== powers.organization || grant.grantee !== use.by) {
    throw new Refusal('GRANT_MISMATCH', `${grant.id} is not for this use`);
  }
  if (grant.state === 'revoked') throw new Refusal('GRANT_REVOKED', `${grant.id} is revoked`);
  if (grant.state !== 'issued') throw new Refusal('GRANT_NOT_ISSUED', `${grant.id} is ${grant.state}`);
  if (terms.until !== undefined && Date.parse(terms.until) <= powers.clock.now().getTime()) {
    throw new Refusal('GRANT_EXPIRED', `${grant.id} ended at ${terms.until}`);
  }
  if (!terms.actions.includes(use.action))
    throw new Refusal('ACTION_NOT_GRANTED', `${grant.id} does not grant ${use.action}`);
  if (!terms.purposes.includes(use.purpose))
    throw new Refusal('PURPOSE_MISMATCH', `${grant.id} is not for ${use.purpose}`);
  if (terms.versions.length > 0 && !terms.versions.includes(use.version)) {
    throw new Refusal('GRANT_MISMATCH', `${grant.id} does not cover ${use.version}`);
  }
  if (use.model !== undefined && !terms.models.includes(use.model)) {
    throw new Refusal('MODEL_NOT_GRANTED', `${grant.id} does not name ${use.model}`);
  }
  const executors = terms.executors.length === 0 ? [grant.owner] : terms.executors;
  if (use.executor !== undefined && !executors.includes(use.executor)) {
    throw new Refusal('EXECUTOR_NOT_ALLOWED', `${grant.id} does not let ${use.executor} open the data`);
  }
  if (grant.issuedBy === undefined) throw new Refusal('GRANT_NOT_ISSUED', `${grant.id} names no issuing transaction`);
  // A first write to a key needs only the chaincode's policy, so two other organizations could forge a grant of ours.
  await checkTransaction(powers, grant.issuedBy, powers.organization, 'grant:issue');
}

/** Checks that our model may be run: published, not revoked, of that digest. */
export function checkModel(version: ModelVersionRecord, job: JobRecord): void {
  if (version.state !== 'published') throw new Refusal('MODEL_REVOKED', `${job.model}:${job.modelNumber} is revoked`);
  if (version.digest !== job.modelDigest)
    throw new Refusal('MODEL_DIGEST_MISMATCH', `${job.model}:${job.modelNumber} has another digest`);
}

/** Checks in our own reading of the blocks that a transaction is VALID, what it says it is, and was created by that organization. */
async function checkTransaction(powers: RightPowers, id: string, creator: MspId, name: string): Promise<void> {
  // Our peer's state may be newer than the blocks that we had read when we began to look at it.
  if (powers.readModel.transaction(id) === undefined) await checkFresh(powers);
  const transaction = powers.readModel.transaction(id);
  if (transaction?.validation !== 'VALID' || transaction.creator !== creator || transaction.function !== name) {
    throw new Refusal('GRANT_NOT_ISSUED', `no valid ${name} by ${creator} stands behind this`);
  }
}
