import { type MspId, Refusal, type VersionId } from '@d-cloud/chaincode/domain';
import type { Elapsed } from '../clock.ts';
import { absentOr, type GatewayLedger } from '../ledger.ts';
import type { BlockRight } from './block-right.ts';

export type BlockOperation = 'put' | 'get' | 'remove';

/** What a right comes to: the versions whose blocks may be touched, and who owns them (whose quota a put uses). */
export type DecidedRight = {
  readonly versions: readonly VersionId[];
  readonly owner: MspId;
  /** Where this is there, only blocks of this owner: a version that is not published yet is whoever's upload says so. */
  readonly only?: MspId;
};

export type RightDecider = (
  organization: MspId,
  right: BlockRight,
  operation: BlockOperation,
) => Promise<DecidedRight | undefined>;

/**
 * Decides from the own peer's state whether an organization's right allows the operation; no right and nothing there look the same.
 * An answer is kept for `keepMs`, whatever is done to the machine's clock meanwhile, because a version's blocks come by the thousand and are ciphertext.
 */
export function rightDecider(
  ledger: Pick<GatewayLedger, 'evaluate'>,
  { keepMs, elapsed = () => performance.now() }: { keepMs: number; elapsed?: Elapsed },
): RightDecider {
  const kept = new Map<string, { until: number; decided: Promise<DecidedRight | undefined> }>();
  return (organization, right, operation) => {
    const now = elapsed();
    const name = JSON.stringify([organization, operation, right]);
    const known = kept.get(name);
    if (known !== undefined && known.until > now) return known.decided;
    for (const [old, { until }] of kept) if (until <= now) kept.delete(old);
    const decided = decide(ledger, organization, right, operation);
    kept.set(name, { until: now + keepMs, decided });
    decided.catch(() => kept.delete(name));
    return decided;
  };
}

async function decide(
  ledger: Pick<GatewayLedger, 'evaluate'>,
  organization: MspId,
  right: BlockRight,
  operation: BlockOperation,
): Promise<DecidedRight | undefined> {
  try {
    switch (right.kind) {
      case 'publish': {
        const dataset = await ledger.evaluate('dataset:get', { id: right.dataset });
        if (dataset.owner !== organization || dataset.state !== 'active') return undefined;
        const published = await absentOr(ledger.evaluate('dataset:getVersion', { id: right.version }));
        if (published !== undefined && (published.owner !== organization || operation !== 'get')) {
          return undefined;
        }
        return { versions: [right.version], owner: organization, only: organization };
      }
      case 'claim': {
        if (operation === 'remove') return undefined;
        const partition = await ledger.evaluate('partition:get', { job: right.job, index: right.partition });
        const current = partition.state === 'claimed' && partition.claim?.token === right.token;
        if (!current || partition.claim?.organization !== organization) return undefined;
        const job = await ledger.evaluate('job:get', { id: right.job });
        if (operation === 'put') return { versions: [job.outputVersion], owner: job.requester };
        return { versions: [job.version, job.modelVersion, job.outputVersion], owner: job.datasetOwner };
      }
      case 'job': {
        const job = await ledger.evaluate('job:get', { id: right.job });
        const isRunning = job.state === 'queued' || job.state === 'running';
        if (job.requester !== organization || !isRunning) return undefined;
        return { versions: [job.outputVersion], owner: organization };
      }
      case 'access': {
        if (operation !== 'get') return undefined;
        const access = await ledger.evaluate('access:get', { id: right.access });
        if (access.outcome !== 'allowed' || access.reader !== organization) return undefined;
        const version = await ledger.evaluate('dataset:getVersion', { id: access.version });
        if (version.erasure !== undefined) return undefined;
        return { versions: [version.id], owner: version.owner };
      }
      case 'own': {
        // Its owner also repairs it: puts back what was lost, and removes what lies elsewhere now. Nothing erased is brought back.
        const version = await ledger.evaluate('dataset:getVersion', { id: right.version });
        if (version.erasure !== undefined && operation !== 'remove') return undefined;
        return version.owner === organization ? { versions: [version.id], owner: organization } : undefined;
      }
    }
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
