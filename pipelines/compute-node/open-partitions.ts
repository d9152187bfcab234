import { type ComputeNodeId, type JobRecord, type PartitionRecord, Refusal } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { generateKeyPair, type KeyPair } from '../seal/index.ts';
import type { NodeLedger } from './node-ledger.ts';

/** A partition that is ours now, with the key pair whose public half its claim names. */
export type ClaimedPartition = { readonly partition: PartitionRecord; readonly ephemeral: KeyPair };

export type ClaimOptions = {
  readonly ledger: Pick<NodeLedger, 'evaluate' | 'submit'>;
  readonly node: ComputeNodeId;
  /** Resolves when there may be something to claim: an event, or the time to look again. */
  readonly wake: () => Promise<void>;
  readonly pick: (count: number) => number;
  /** Whether this node runs such a job at all; the ledger knows only what it may run. */
  readonly takes: (job: JobRecord) => boolean;
  readonly signal: AbortSignal;
  readonly onFault: (error: unknown) => void;
};

/** Claims one open partition after another, for ever; the next one is looked for when the receiver comes back for it. */
export async function* claimPartitions(options: ClaimOptions): AsyncGenerator<ClaimedPartition, void, undefined> {
  const { ledger, node, wake, pick, takes, signal, onFault } = options;
  while (!signal.aborted) {
    try {
      const open = await ledger.evaluate('partition:listOpen', { node }, signal);
      // Any of them, not the first: nodes that look at the same moment would all want that one.
      const chosen = open[pick(open.length)];
      if (chosen !== undefined && takes(await ledger.evaluate('job:get', { id: chosen.job }, signal))) {
        const claimed = await claim(ledger, node, chosen, signal);
        if (claimed !== undefined) {
          yield claimed;
          continue;
        }
        // Whoever was quicker made an event, which wakes us; asking again at once could go on for ever.
      }
    } catch (error) {
      if (signal.aborted) return;
      onFault(error);
    }
    await wake();
  }
}

/** Claims a partition; nothing when another node was quicker or the job has ended meanwhile. */
async function claim(
  ledger: ClaimOptions['ledger'],
  node: ComputeNodeId,
  { job, index }: PartitionRecord,
  signal: AbortSignal,
): Promise<ClaimedPartition | undefined> {
  const ephemeral = generateKeyPair();
  const ephemeralKey = Buffer.from(ephemeral.publicKey).toString('base64');
  try {
    const { result } = await ledger.submit('partition:claim', { job, index, node, ephemeralKey }, signal);
    return { partition: result, ephemeral };
  } catch (error) {
    if (error instanceof Refusal && error.kind === 'conflict') return undefined;
    if (error instanceof Fault && error.kind === 'contended') return undefined;
    throw error;
  }
}
