import { setTimeout as wait } from 'node:timers/promises';
import { Refusal } from '@d-cloud/chaincode/domain';
import type { Logger } from 'pino';
import type { Role } from '../auth/scopes.ts';
import type { GatewayLedger } from '../ledger.ts';
import { finishPublishing, type PublishPowers } from './publish-version.ts';
import { versionsWithPutList } from './put-list.ts';
import type { Upload } from './upload-journal.ts';

type Recovery = Pick<PublishPowers, 'journal' | 'keeper' | 'removePlaced' | 'failpoint' | 'putListDirectory'> & {
  readonly ledger: Pick<GatewayLedger, 'as'>;
  readonly log: Logger;
  readonly signal: AbortSignal;
};

/**
 * Ends what a stop or crash interrupted: uploads whose keys are durable are published, all others are removed. So a crash leaves the state
 * before or after, never between. Runs beside serving, because the ledger may come up later; tries again until it is done.
 */
export async function recoverUploads(recovery: Recovery): Promise<void> {
  const { journal, removePlaced, putListDirectory } = recovery;
  const unfinished = journal.in('placed');
  for (const upload of journal.in('putting')) void removePlaced(upload);
  for (const version of versionsWithPutList(putListDirectory)) {
    if (journal.get(version)?.state === 'published') removePlaced.forget(version);
  }
  await Promise.all(unfinished.map((upload) => publish(recovery, upload)));
}

async function publish(recovery: Recovery, upload: Upload): Promise<void> {
  const { ledger, log, signal } = recovery;
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      // The role of whoever asked: a word that this gateway wrote down itself.
      await finishPublishing(recovery, upload, ledger.as(upload.role as Role));
      log.info({ version: upload.version }, 'an interrupted upload is published');
      return;
    } catch (error) {
      if (error instanceof Refusal) {
        log.warn({ err: error, version: upload.version }, 'an interrupted upload was refused');
        return;
      }
      await wait(Math.min(1_000 * 2 ** attempt, 30_000), undefined, { signal }).catch(() => {});
    }
  }
}
