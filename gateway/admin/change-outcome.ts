import { setTimeout as delay } from 'node:timers/promises';
import { type ChangeProposal, carriedUpdate, readChannelConfig } from '@d-cloud/network/admin';
import { Fault } from '@d-cloud/network/ledger';
import type { KeptChange } from './change-store.ts';
import type { ConsortiumAccess } from './consortium-access.ts';

export type Outcome = Pick<KeptChange, 'state' | 'block'>;

/** What became of a change, from the newest config block back to the one that followed its configuration. */
export async function outcomeOf(
  access: Pick<ConsortiumAccess, 'configBlockBefore'>,
  proposal: ChangeProposal,
  newest: Uint8Array,
): Promise<Outcome> {
  const update = Buffer.from(proposal.update, 'base64');
  for (let block: Uint8Array | undefined = newest; block !== undefined; ) {
    const { sequence, blockNumber } = readChannelConfig(block);
    if (sequence <= proposal.sequence) break;
    if (sequence === proposal.sequence + 1 && update.equals(carriedUpdate(block) ?? new Uint8Array(0))) {
      return { state: 'in-force', block: blockNumber };
    }
    block = await access.configBlockBefore(proposal.channel, block);
  }
  return { state: 'superseded' };
}

const pollMs = 100;
const orderedWithinMs = 60_000;
/** Orderers are ahead of the own peer, and a peer whose organization was removed stays behind. */
const seenWithinMs = 10_000;

/** Waits until the orderers, and then the own peer, have gone on from the configuration that a change was made for. */
export async function awaitOutcome(
  access: ConsortiumAccess,
  proposal: ChangeProposal,
  signal?: AbortSignal,
): Promise<Outcome> {
  const { channel, sequence } = proposal;
  const wait = signal === undefined ? {} : { signal };
  const later = async (read: () => Promise<Uint8Array>, ms: number): Promise<Uint8Array | undefined> => {
    for (const end = performance.now() + ms; performance.now() < end; await delay(pollMs, undefined, wait)) {
      const block = await read().catch((error: unknown) => {
        if (!(error instanceof Fault)) throw error;
      });
      if (block !== undefined && readChannelConfig(block).sequence > sequence) return block;
    }
    return undefined;
  };
  const ordered = await later(() => access.orderedConfigBlock(channel, signal), orderedWithinMs);
  if (ordered === undefined) {
    throw new Fault('timeout', `the change was sent, and no orderer shows it after a minute: look at it again later`);
  }
  const seen = await later(() => access.configBlock(channel, signal), seenWithinMs);
  return outcomeOf(access, proposal, seen ?? ordered);
}
