import { type ErasureId, type ErasureRecord, sha256 } from '@d-cloud/chaincode/domain';
import { z } from 'zod';
import type { ReadModel, Recorded } from '../../projection/index.ts';
import type { Services } from '../../services.ts';
import { absent, find } from '../find.ts';
import { digest, idOf, mspId, text } from '../schemas/ids.ts';
import { ledgerPlace, viewOf } from '../schemas/page.ts';

export const erasureRequest = z.strictObject({
  reason: text(1, 500),
  confirm: z.string().describe('The id of what is to be erased, once more: nobody can take it back'),
});

export const erasureView = z
  .object({
    v: z.literal(1),
    id: idOf('eras'),
    owner: mspId,
    dataset: idOf('dset'),
    versions: z.array(idOf('vers')),
    whole: z.boolean().describe('Whether the dataset itself goes, with its card'),
    reason: z.string(),
    derived: z.array(idOf('vers')).describe('Versions that came of them: they stay'),
    state: z
      .enum(['requested', 'erased'])
      .describe('requested: nobody may use them, and their bytes are being removed; erased: certified'),
    certificate: digest.optional().describe('SHA-256 of the certificate’s bytes'),
    progress: z
      .object({
        keysDestroyedAt: z.string().optional(),
        nodes: z.array(
          z.object({
            node: idOf('stor'),
            organization: mspId,
            outcome: z.enum(['absent', 'away', 'remains', 'left']),
            removed: z.int(),
            absent: z.int().describe('Blocks it was asked for and does not have'),
            at: z.string(),
            detail: z.string().optional(),
          }),
        ),
        certificate: z.base64().optional().describe('The bytes of the certificate’s file'),
      })
      .optional()
      .describe('How far its owner’s gateway is; only its owner is told'),
    ledger: ledgerPlace,
  })
  .meta({ id: 'Erasure' });

/** The erasure of a version or dataset. Refusal ERASURE_NOT_FOUND where it is not erased. */
export function erasureOf(readModel: ReadModel, kind: 'version' | 'dataset', id: string): Recorded<ErasureRecord> {
  const { erasure } = find(readModel, kind, id).record as { readonly erasure?: ErasureId };
  if (erasure === undefined) throw absent('erasure');
  return find(readModel, 'erasure', erasure);
}

/** An erasure as the API shows it, to its owner with how far it is. */
export function erasureBody(recorded: Recorded<ErasureRecord>, { organization, eraser }: Services) {
  const { id, owner } = recorded.record;
  if (owner !== organization) return viewOf(recorded);
  const { keysDestroyedAt, nodes, certificate } = eraser.progressOf(id);
  const isRecorded = certificate !== undefined && sha256(certificate) === recorded.record.certificate;
  return {
    ...viewOf(recorded),
    progress: {
      ...(keysDestroyedAt === undefined ? {} : { keysDestroyedAt }),
      nodes,
      ...(!isRecorded ? {} : { certificate: Buffer.from(certificate).toString('base64') }),
    },
  };
}
