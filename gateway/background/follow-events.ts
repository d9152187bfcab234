import type { DomainEvent } from '@d-cloud/chaincode/domain';
import type { Logger } from 'pino';
import type { ReadModel } from '../projection/index.ts';
import { pause } from './pause.ts';

export type FollowEventsPowers = {
  readonly readModel: Pick<ReadModel, 'events' | 'head'>;
  readonly log: Logger;
};

const again = { firstMs: 100, mostMs: 30_000 };

/**
 * Hears every event that is projected from now on, until the signal ends it. A stream that fails is followed again after a moment:
 * `begun` is called each time before the first event is heard, because between two streams events go by unheard. Never throws.
 */
export async function followEvents(
  { readModel, log }: FollowEventsPowers,
  { begun, heard }: { readonly begun: () => void; readonly heard: (event: DomainEvent) => void },
  signal: AbortSignal,
): Promise<void> {
  for (let pauseMs = again.firstMs; !signal.aborted; pauseMs = Math.min(pauseMs * 2, again.mostMs)) {
    try {
      const after = readModel.head;
      begun();
      for await (const { event } of readModel.events({ after, signal })) {
        heard(event);
        pauseMs = again.firstMs;
      }
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'the events of the ledger were lost and are followed again');
    }
    await pause(pauseMs, signal);
  }
}
