/** Records as the API shows them: the ledger's own shapes, named for the OpenAPI document. */
import { z } from 'zod';
import { amount, count, digest, idOf, instant, mspId, purposeId, setOf, text } from './ids.ts';
import { ledgerPlace } from './page.ts';

const ledger = ledgerPlace;
const v = z.literal(1);
export const modality = z.enum(['documents', 'images', 'voice', 'video', 'table', 'model', 'results']);
const grantAction = z.enum(['use', 'read', 'derive', 'export', 'delegate']);
export const modelTask = z.enum(['image-classification', 'text-embedding']);
const nodeState = z.enum(['active', 'draining', 'left']);

export const organizationView = z
  .object({
    v,
    mspId,
    name: z.string(),
    gatewayAddress: z.string(),
    agreementKeys: z.array(z.object({ epoch: count, publicKey: z.string() })),
    recoveryKey: z.string().optional(),
    expulsion: z
      .array(z.object({ organization: mspId, reason: z.string() }))
      .optional()
      .describe('Members that ask for its expulsion, while they are too few'),
    left: z
      .object({ reason: z.string(), by: z.array(mspId) })
      .optional()
      .describe('That it has left for good, by its own word or by these others'),
    ledger,
  })
  .meta({ id: 'Organization' });

export const purpose = z.strictObject({ id: purposeId, label: text(1, 200) });
export const purposeListView = z.object({ v, purposes: z.array(purpose), ledger }).meta({ id: 'PurposeList' });

const inherited = z.looseObject({}).describe('Rights that came with the data it was derived from');
export const datasetTerms = z.strictObject({
  access: z.enum(['members', 'granted']),
  purposes: setOf(purposeId, 1, 64),
});
export const datasetView = z
  .object({
    v,
    id: idOf('dset'),
    owner: mspId,
    modality,
    terms: z.object({
      access: z.enum(['members', 'granted']),
      purposes: z.array(z.string()),
      inherited: inherited.optional(),
    }),
    cardCommitment: digest,
    publicTitle: z.string().optional(),
    epoch: count,
    state: z.enum(['active', 'retired']),
    versions: z.int(),
    erased: z.int().optional().describe('Versions that are erased or are being erased'),
    erasure: idOf('eras').optional().describe('The erasure of the whole dataset'),
    hold: z.object({ reason: z.string() }).optional().describe('Present while nothing of it may be erased'),
    card: z
      .object({ title: z.string(), description: z.string(), keywords: z.array(z.string()), licence: z.string() })
      .optional()
      .describe('The catalogue card; absent until the own peer has it'),
    ledger,
  })
  .meta({ id: 'Dataset' });

export const grantTermsBody = z.strictObject({
  actions: setOf(grantAction, 1, 5),
  purposes: setOf(purposeId, 1, 64),
  versions: setOf(idOf('vers'), 0, 200).default([]).describe('Empty: every version of the dataset'),
  models: setOf(idOf('modl'), 0, 64).default([]).describe('Models that may be run; needed for `use`'),
  executors: setOf(mspId, 0, 64)
    .default([])
    .describe("Organizations whose compute nodes may open the data; empty: the owner's"),
  until: instant.optional(),
  rows: amount.optional(),
  uses: count.optional(),
});
export const grantView = z
  .object({
    v,
    id: idOf('grnt'),
    dataset: idOf('dset'),
    owner: mspId,
    grantee: mspId,
    state: z.enum(['requested', 'issued', 'refused', 'revoked']),
    terms: z.object({
      actions: z.array(grantAction),
      purposes: z.array(z.string()),
      versions: z.array(z.string()),
      models: z.array(z.string()),
      executors: z.array(z.string()),
      until: z.string().optional(),
      rows: z.string().optional(),
      uses: z.int().optional(),
    }),
    resealBefore: count
      .optional()
      .describe('After a hard revoke: what was sealed in an epoch before this one is sealed anew'),
    note: z.string(),
    reason: z.string().optional(),
    epoch: z.int().optional(),
    issuedBy: z.string().optional(),
    counter: z
      .object({ rowsReserved: z.string(), usesReserved: z.int() })
      .optional()
      .describe('What has been taken of the limits; only where one grant is asked for'),
    affected: z
      .array(
        z.object({
          job: idOf('job'),
          state: z.string(),
          requester: mspId,
          outputDataset: idOf('dset'),
          outputVersion: idOf('vers'),
        }),
      )
      .optional()
      .describe('Jobs under it and what was derived, newest first, 200 at most; only in the answer to its revocation'),
    ledger: ledger.optional(),
  })
  .meta({ id: 'Grant' });

export const modelVersionView = z
  .object({
    v,
    model: idOf('modl'),
    number: count,
    version: idOf('vers'),
    digest,
    cardDigest: digest,
    approvals: z.array(z.object({ organization: mspId, transaction: z.string() })),
    state: z.enum(['published', 'revoked']),
    ledger,
  })
  .meta({ id: 'ModelVersion' });
export const modelView = z
  .object({
    v,
    id: idOf('modl'),
    owner: mspId,
    dataset: idOf('dset'),
    name: z.string(),
    task: modelTask,
    approvalsNeeded: count,
    versions: z.int(),
    ledger,
  })
  .meta({ id: 'Model' });

export const storageNodeView = z
  .object({
    v,
    id: idOf('stor'),
    organization: mspId,
    host: z.string(),
    disk: z.string(),
    capacityBytes: z.string(),
    pricePerGibMonth: z.string().optional().describe('Minor units of account for a GiB kept for a month'),
    state: nodeState,
    held: z.int().optional().describe('Versions, anyone’s, with fragments on it; only of your own storage nodes'),
    stuck: z.array(z.string()).optional().describe('What keeps a draining storage node of yours from becoming empty'),
    ledger,
  })
  .meta({ id: 'StorageNode' });
export const expulsionView = z
  .object({ v, node: idOf('stor'), by: mspId, reason: z.string(), ledger })
  .meta({ id: 'Expulsion' });
export const computeNodeView = z
  .object({
    v,
    id: idOf('comp'),
    organization: mspId,
    publicKey: z.string(),
    classes: z.array(z.enum(['R-1', 'J-1'])),
    runtime: z.object({ ort: z.string(), executionProvider: z.string(), isa: z.string() }),
    state: nodeState,
    ledger,
  })
  .meta({ id: 'ComputeNode' });

export const accessView = z
  .object({
    v,
    id: idOf('accs'),
    version: idOf('vers'),
    dataset: idOf('dset'),
    reader: mspId,
    purpose: z.string(),
    grant: idOf('grnt').optional(),
    ephemeralKey: z.string().optional(),
    outcome: z.enum(['allowed', 'denied']),
    refusal: z.string().optional(),
    ledger,
  })
  .meta({ id: 'Access' });
