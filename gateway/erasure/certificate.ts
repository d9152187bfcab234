import { createPrivateKey } from 'node:crypto';
import {
  canonicalBytes,
  type DatasetRecord,
  type ErasureRecord,
  payloadType,
  statementType,
  type VersionRecord,
} from '@d-cloud/chaincode/domain';
import { p256Signer, signEnvelope } from '@d-cloud/pipelines/attest';
import { z } from 'zod';
import { digest, idOf, instant, mspId } from '../routes/schemas/ids.ts';
import type { AskedNode, ListedVersion } from './erasure-store.ts';

export const erasurePredicateType = 'https://d-cloud.example/attestation/erasure/v1';

const count = z.int().min(0);

/** The in-toto Statement v1 that an owner's gateway signs when an erasure is done. Its subjects are what was erased, by the commitments on the ledger. */
export const erasureStatement = z.strictObject({
  _type: z.literal(statementType),
  subject: z.array(z.strictObject({ name: z.string(), digest: z.strictObject({ sha256: digest }) })).min(1),
  predicateType: z.literal(erasurePredicateType),
  predicate: z.strictObject({
    channel: z.string(),
    erasure: idOf('eras'),
    owner: mspId,
    dataset: idOf('dset'),
    /** Whether the dataset itself went, with its card. */
    whole: z.boolean(),
    requested: z.strictObject({ transaction: z.string(), block: count, at: z.string() }),
    keysDestroyedAt: instant,
    /** Of each version, how many blocks storage nodes were asked for: none where its keys had been lost before, so that nobody can name them. */
    versions: z.array(z.strictObject({ version: idOf('vers'), blocks: count })),
    nodes: z.array(
      z.strictObject({
        node: idOf('stor'),
        organization: mspId,
        outcome: z.enum(['absent', 'left']),
        removed: count,
        absent: count,
        at: instant,
      }),
    ),
    derived: z.array(idOf('vers')),
    notCovered: z.array(z.string()),
    certifiedAt: instant,
  }),
});
export type ErasureStatement = z.output<typeof erasureStatement>;

/** A certificate as one file: the signed statement, and the certificate (X.509, PEM) of the gateway that signed it. */
export const erasureCertificate = z.strictObject({
  v: z.literal(1),
  signer: z.string().max(16_384),
  envelope: z.unknown(),
});

export type CertifiedErasure = {
  readonly channel: string;
  readonly erasure: ErasureRecord;
  readonly dataset: DatasetRecord;
  readonly versions: readonly VersionRecord[];
  readonly requested: { readonly transaction: string; readonly block: number; readonly at: string };
  readonly keysDestroyedAt: string;
  readonly listed: readonly ListedVersion[];
  readonly asked: readonly AskedNode[];
  readonly certifiedAt: string;
};

/** Signs the certificate of an erasure whose storage nodes were all asked; gives the bytes of its file. */
export async function signCertificate(
  done: CertifiedErasure,
  identity: { readonly certificate: string; readonly key: string },
): Promise<Uint8Array> {
  const { erasure, dataset, versions, listed, asked } = done;
  const statement: ErasureStatement = {
    _type: statementType,
    subject: [
      ...(erasure.whole ? [{ name: dataset.id, digest: { sha256: dataset.cardCommitment } }] : []),
      ...versions.map(({ id, manifestCommitment }) => ({ name: id, digest: { sha256: manifestCommitment } })),
    ],
    predicateType: erasurePredicateType,
    predicate: {
      channel: done.channel,
      erasure: erasure.id,
      owner: erasure.owner,
      dataset: erasure.dataset,
      whole: erasure.whole,
      requested: done.requested,
      keysDestroyedAt: done.keysDestroyedAt,
      versions: listed.map(({ version, cids }) => ({ version, blocks: cids.length })),
      nodes: asked.flatMap(({ node, organization, outcome, removed, absent, at }) =>
        outcome === 'absent' || outcome === 'left' ? [{ node, organization, outcome, removed, absent, at }] : [],
      ),
      derived: [...erasure.derived],
      notCovered: notCovered(done),
      certifiedAt: done.certifiedAt,
    },
  };
  const payload = canonicalBytes(statement);
  const envelope = await signEnvelope(payloadType, payload, [p256Signer(createPrivateKey(identity.key))]);
  return canonicalBytes({ v: 1, signer: identity.certificate, envelope });
}

/** What no gateway can take away, said in the certificate itself. */
function notCovered({ erasure, dataset, listed, asked, keysDestroyedAt }: CertifiedErasure): string[] {
  const left = asked.filter(({ outcome }) => outcome === 'left').map(({ node }) => node);
  const unnamed = listed.filter(({ cids }) => cids.length === 0).map(({ version }) => version);
  return [
    `Backups of this gateway made before ${keysDestroyedAt} hold the keys until they are made anew and the old ones destroyed.`,
    "Private data was purged from the state of every peer; a peer's own files and their backups may hold the bytes until they are compacted.",
    'Whoever read the data while it was there may have kept it. Derived versions stay and are listed.',
    'The ledger keeps salted ids, commitments, row counts, size classes and lineage.',
    'Removed blocks are freed on the disks of storage nodes and not overwritten there; without keys they say nothing.',
    ...(dataset.publicTitle === undefined || !erasure.whole
      ? []
      : ['The public title of the dataset stands in the channel’s history.']),
    ...(left.length === 0 ? [] : [`Left the network with whatever they had, and were not asked: ${left.join(', ')}.`]),
    ...(unnamed.length === 0
      ? []
      : [
          `The keys of these versions were lost before, so that their blocks could be found by the holders’ own lists only: ${unnamed.join(', ')}.`,
        ]),
  ];
}
