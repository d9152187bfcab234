import { catalogueCard } from './bodies.ts';
import { parseCanonicalJson } from './canonical-json.ts';
import { cardCommitment } from './digest.ts';
import type { DatasetId } from './ids.ts';
import type { CatalogueCard, DatasetRecord, Digest, VersionOrigin, VersionRecord } from './records.ts';
import { Refusal } from './refusal.ts';
import { intersect, type Right, rightOn } from './rights.ts';
import { type Caller, checkOwner } from './roles.ts';
import type { Submits, VersionBody } from './transactions.ts';

export function registerDataset(caller: Caller, body: Submits['dataset:register']['body']): DatasetRecord {
  return { v: 1, ...body, owner: caller.mspId, epoch: 1, state: 'active', versions: 0 };
}

/** Reads a card that came beside the transaction; it must be the dataset's own and the one that was committed to. */
export function readCard(text: string, dataset: DatasetId, commitment: Digest): CatalogueCard {
  const card = catalogueCard(parseCanonicalJson(text, 'the catalogue card', 16_384), 'card');
  if (card.dataset !== dataset) throw new Refusal('RECORD_INVALID', `the catalogue card is of ${card.dataset}`);
  if (cardCommitment(card) !== commitment) {
    throw new Refusal('RECORD_INVALID', 'body.cardCommitment is not the commitment of the catalogue card');
  }
  return card;
}

/** A parent of a new version, with its dataset. */
export type Parent = { readonly version: VersionRecord; readonly dataset: DatasetRecord };

/**
 * Publishes the next version of a dataset. Parents must be the owner's or open to all members. What descends from others' data or
 * from a job's results narrows the whole dataset to the rights that came with it.
 */
export function publishVersion(
  caller: Caller,
  { parents: _, ...body }: Submits['dataset:publishVersion']['body'],
  dataset: DatasetRecord,
  parents: readonly Parent[],
): { readonly dataset: DatasetRecord; readonly version: VersionRecord; readonly narrowed: boolean } {
  checkOwner(caller, dataset.owner, `dataset ${dataset.id}`);
  if (dataset.state !== 'active') throw new Refusal('DATASET_RETIRED', `dataset ${dataset.id} is retired`);
  if (body.epoch !== dataset.epoch) {
    throw new Refusal('STATE_CONFLICT', `dataset ${dataset.id} is at key epoch ${dataset.epoch}, not ${body.epoch}`);
  }
  const narrowed = parents.reduce((terms, parent) => narrowedBy(terms, parent, caller), dataset.terms);
  const next = { ...dataset, terms: narrowed, versions: dataset.versions + 1 };
  return {
    dataset: next,
    version: versionOf(body, next, { parents: parents.map(({ version }) => version.id) }),
    narrowed: narrowed !== dataset.terms,
  };
}

function narrowedBy(
  terms: DatasetRecord['terms'],
  { dataset: parent }: Parent,
  caller: Caller,
): DatasetRecord['terms'] {
  const foreign = parent.owner !== caller.mspId;
  if (foreign && parent.terms.access !== 'members') {
    throw new Refusal(
      'ACTION_NOT_GRANTED',
      `parent dataset ${parent.id} is ${parent.owner}'s; derive from it by a job`,
    );
  }
  if (!foreign && parent.terms.inherited === undefined) return terms;
  const right = intersect({ purposes: terms.purposes, ...terms.inherited }, rightOn(parent, undefined));
  return termsOf(right, terms.access === 'members' && parent.terms.access === 'members' ? 'members' : 'granted');
}

function termsOf({ purposes, ...inherited }: Right, access: DatasetRecord['terms']['access']): DatasetRecord['terms'] {
  if (purposes.length === 0) throw new Refusal('PURPOSE_MISMATCH', 'no purpose is left that all of its inputs allow');
  return { access, purposes, inherited };
}

/** The dataset that holds a job's results: the requester's, under the intersection of the rights on the inputs and the model. */
export function outputDataset(
  owner: DatasetRecord['owner'],
  id: DatasetId,
  right: Right,
  commitment: Digest,
): DatasetRecord {
  return {
    v: 1,
    id,
    owner,
    modality: 'results',
    terms: termsOf(right, 'granted'),
    cardCommitment: commitment,
    epoch: 1,
    state: 'active',
    versions: 1,
  };
}

/** A version's record under its dataset, as its newest. Refuses segments that do not add up to the rows. */
export function versionOf(body: VersionBody, dataset: DatasetRecord, origin: VersionOrigin): VersionRecord {
  const rows = body.segmentRows.reduce((sum, segment) => sum + segment, 0);
  if (rows !== body.rows) {
    throw new Refusal('RECORD_INVALID', `body.segmentRows add up to ${rows}, body.rows says ${body.rows}`);
  }
  return { v: 1, ...body, owner: dataset.owner, number: dataset.versions, origin };
}

/** The record of a version that its owner has sealed anew, under the dataset's newest key. Rows, schema and origin stay. */
export function resealVersion(
  caller: Caller,
  { id, sealing, ...sealed }: Submits['dataset:reseal']['body'],
  version: VersionRecord,
  dataset: DatasetRecord,
): VersionRecord {
  checkOwner(caller, version.owner, `version ${id}`);
  if (version.erasure !== undefined) throw new Refusal('STATE_CONFLICT', `version ${id} is erased`);
  if (sealed.epoch !== dataset.epoch)
    throw new Refusal('STATE_CONFLICT', `dataset ${dataset.id} is at key epoch ${dataset.epoch}, not ${sealed.epoch}`);
  const next = (version.sealing ?? 1) + 1;
  if (sealing !== next)
    throw new Refusal('STATE_CONFLICT', `the next sealing of version ${id} is ${next}, not ${sealing}`);
  return { ...version, ...sealed, sealing };
}

/** Ends the use of a dataset: no new job, read or version. Claims that run may finish. */
export function retireDataset(caller: Caller, dataset: DatasetRecord): DatasetRecord {
  checkOwner(caller, dataset.owner, `dataset ${dataset.id}`);
  if (dataset.state !== 'active') throw new Refusal('STATE_CONFLICT', `dataset ${dataset.id} is retired already`);
  return { ...dataset, state: 'retired' };
}
