import { setTimeout as wait } from 'node:timers/promises';
import type { AccessId, MspId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import type { PeerClient } from '@d-cloud/network/peers';
import { z } from 'zod';

const answerSchema = z.object({ releases: z.array(z.object({ epoch: z.int(), release: z.unknown() })).length(1) });

/** How long the owner's peer may take to have the access that ours has, and between two questions. */
const longestLagMs = 8_000;
const lagPauseMs = 200;

/**
 * Asks a version's owner to release its keys against an access, again while the owner's peer may not have read it: until then the
 * access is not there for the owner, as if it had never been. Throws the owner's refusal, or Fault.
 */
export async function askOwner(
  peers: Pick<PeerClient, 'send'>,
  owner: { readonly organization: MspId; readonly address: string },
  access: AccessId,
  signal: AbortSignal,
): Promise<{ readonly epoch: number; readonly release: unknown }> {
  const until = performance.now() + longestLagMs;
  for (;;) {
    try {
      const body = { kind: 'access', access };
      const answer = answerSchema.safeParse(
        await peers.send('POST', owner, '/v1/keys/release', body, { withinMs: 15_000, signal }),
      );
      const [release] = answer.data?.releases ?? [];
      if (release === undefined) throw new Fault('corrupt', `${owner.organization} released no keys.`);
      return release;
    } catch (error) {
      const mayLag = error instanceof Fault && error.kind === 'unavailable';
      if (!mayLag || signal.aborted || performance.now() > until) throw error;
      await wait(lagPauseMs, undefined, { signal });
    }
  }
}
