import { z } from 'zod';
import { Fault } from '../../ledger/fault.ts';
import type { Signatory } from '../../ledger/identity.ts';
import { type ChannelConfig, readChannelConfig } from '../../ledger/verify/channel-config.ts';
import { parseUpdate, simulateUpdate, type TouchedElement } from '../../ledger/verify/simulate-update.ts';
import { checkInForce } from '../certificates/index.ts';
import { broadcast, type OrdererConnection } from '../protocol/orderer.ts';
import { type Caution, cautions } from './cautions.ts';
import { configUpdate, copyGroup } from './compare.ts';
import type { ConfigEdit } from './edit-schema.ts';
import { applyEdit } from './edits.ts';
import { mspIdsOf, type Objection, objections, standing, type Versions } from './guard.ts';
import { type PolicyImpact, policyImpact } from './impact.ts';
import { allOf, completing, type Formula, isSatisfied, policyFormula } from './policy-algebra.ts';
import { type ReadableChange, readableDiff } from './readable-diff.ts';
import { signUpdate, updateEnvelope, verifyUpdateSignature } from './signatures.ts';

/** A `common.ConfigUpdate` names what it leaves alone by version only: a megabyte is plenty. */
const Update = z
  .base64()
  .min(1)
  .max(1 << 20);
const Signature = z.base64().min(1).max(16_384);
const MspId = z.string().min(1).max(64);

/** A change of a channel's configuration on its way through the organizations, as it is stored and sent. */
export const ChangeProposal = z.strictObject({
  version: z.literal(1),
  channel: z.string().min(1).max(249),
  /** The configuration it was made for; another one in force voids every signature. */
  sequence: z.int().min(0),
  summary: z.string().min(1).max(1000),
  /** `common.ConfigUpdate` bytes: what is signed. */
  update: Update,
  signatures: z
    .array(z.strictObject({ mspId: MspId, signature: Signature }))
    .max(64)
    .readonly(),
  refusals: z
    .array(z.strictObject({ mspId: MspId, reason: z.string().min(1).max(1000) }))
    .max(64)
    .readonly(),
});
export type ChangeProposal = z.infer<typeof ChangeProposal>;

/** Everything a person needs before signing, computed from the update's bytes and never from what a proposer says. */
export interface ChangeReview {
  readonly channel: string;
  readonly sequence: number;
  readonly changes: readonly ReadableChange[];
  readonly touched: readonly TouchedElement[];
  readonly impact: readonly PolicyImpact[];
  /** Not empty: it is not signed and not submitted. */
  readonly objections: readonly Objection[];
  /** What it costs, and what is wrong already, to be known before signing. */
  readonly cautions: readonly (Caution | Objection)[];
  readonly progress: ChangeProgress;
}

/** The bar: which guards are satisfied, and the smallest sets of organizations that would complete the rest. */
export interface ChangeProgress {
  readonly guards: readonly { readonly path: string; readonly satisfied: boolean }[];
  readonly signed: readonly string[];
  /** Signatures that do not count, and why: nobody stops the others by sending rubbish. */
  readonly invalid: readonly { readonly mspId: string; readonly reason: string }[];
  readonly refused: readonly string[];
  readonly complete: boolean;
  readonly missing: readonly (readonly string[])[];
}

/** Makes a proposal of an edit against the config block in force; refuses one that the guard objects to. */
export function proposeChange(
  configBlock: Uint8Array,
  edit: ConfigEdit,
  summary: string,
  versions: Versions,
): ChangeProposal {
  const config = readChannelConfig(configBlock);
  const wanted = copyGroup(config.group);
  applyEdit(wanted, edit);
  const update = configUpdate(config.channel, config.group, wanted);
  refuseObjections(objections(config.group, simulateUpdate(update, config.group).after, versions));
  return {
    version: 1,
    channel: config.channel,
    sequence: config.sequence,
    summary,
    update: Buffer.from(update).toString('base64'),
    signatures: [],
    refusals: [],
  };
}

/** A change that Fabric would take and the channel would not survive: nobody signs it, nobody sends it. */
export class WreckingChange extends Fault {
  readonly objections: readonly Objection[];

  constructor(objections: readonly Objection[]) {
    const list = objections.map(({ path, sentence }) => `${path}: ${sentence}`).join('; ');
    super('misconfigured', `this change would wreck the channel: ${list}`);
    this.objections = objections;
  }
}

/** A change is sent to the orderers before enough organizations have signed. */
export class SignaturesMissing extends Fault {
  constructor({ guards, missing }: ChangeProgress) {
    const open = guards.filter(({ satisfied }) => !satisfied).map(({ path }) => path);
    const sets = missing.map((set) => set.join(' and ')).join(', or ');
    const needed = sets === '' ? 'nobody left can complete it' : `it still needs ${sets}`;
    super('misconfigured', `too few signatures for ${open.join(' and ')}: ${needed}`);
  }
}

function refuseObjections(found: readonly Objection[]): void {
  if (found.length > 0) throw new WreckingChange(found);
}

function updateOf(proposal: ChangeProposal, config: ChannelConfig): Uint8Array {
  const update = Buffer.from(proposal.update, 'base64');
  const { channelId } = parseUpdate(update);
  if (proposal.channel !== config.channel || channelId !== config.channel) {
    throw new Fault('misconfigured', `the proposal is for channel ${channelId}, not for ${config.channel}`);
  }
  if (proposal.sequence !== config.sequence) {
    const message = `the proposal was made for configuration ${proposal.sequence}; ${config.sequence} is in force: propose it again`;
    throw new Fault('contended', message);
  }
  return update;
}

/** Reads a proposal against the config block that one's own peer shows. Throws when it was made for another one. */
export function reviewChange(proposal: ChangeProposal, configBlock: Uint8Array, versions: Versions): ChangeReview {
  const config = readChannelConfig(configBlock);
  const update = updateOf(proposal, config);
  const { after, touched } = simulateUpdate(update, config.group);
  const impact = policyImpact(config.group, after).filter(({ changed }) => changed);
  return {
    channel: config.channel,
    sequence: config.sequence,
    changes: readableDiff(config.group, after),
    touched,
    impact,
    objections: objections(config.group, after, versions),
    cautions: [...cautions(config.group, after, impact), ...standing(config.group, after, versions)],
    progress: progressOf(proposal, update, config, touched),
  };
}

function progressOf(
  proposal: ChangeProposal,
  update: Uint8Array,
  config: ChannelConfig,
  touched: readonly TouchedElement[],
): ChangeProgress {
  const paths = [...new Set(touched.flatMap(({ guard }) => guard ?? []))].sort();
  const formulas = paths.map((path): [string, Formula] => [path, policyFormula(config.group, path)]);
  const { valid, invalid } = checkSignatures(proposal, update, config);
  const signed = new Set(valid.map(({ mspId }) => mspId));
  const refused = proposal.refusals.map(({ mspId }) => mspId);
  const all = allOf(formulas.map(([, formula]) => formula));
  const complete = isSatisfied(all, signed);
  const members = mspIdsOf(config.group);
  const maySign = (mspId: string) => members.has(mspId) && !refused.includes(mspId);
  const guards = formulas.map(([path, formula]) => ({ path, satisfied: isSatisfied(formula, signed) }));
  return {
    guards,
    signed: [...signed].sort(),
    invalid,
    refused,
    complete,
    missing: complete ? [] : completing(all, signed, maySign),
  };
}

function checkSignatures(proposal: ChangeProposal, update: Uint8Array, config: ChannelConfig) {
  const valid: { mspId: string; bytes: Uint8Array }[] = [];
  const invalid: { mspId: string; reason: string }[] = [];
  for (const { mspId, signature } of proposal.signatures) {
    const bytes = Buffer.from(signature, 'base64');
    try {
      valid.push({ mspId: verifyUpdateSignature(bytes, update, config).mspId, bytes });
    } catch (error) {
      const known = error instanceof Fault ? error.message : 'the signature cannot be read';
      invalid.push({ mspId, reason: known });
    }
  }
  return { valid, invalid };
}

/**
 * Adds the signature of an organization's admin, after reviewing the bytes itself; refuses what the guard objects to, and an
 * admin whose certificate has ended by `now`.
 */
export function signChange(
  proposal: ChangeProposal,
  configBlock: Uint8Array,
  admin: Signatory,
  versions: Versions,
  now = new Date(),
): ChangeProposal {
  const { objections: found } = reviewChange(proposal, configBlock, versions);
  refuseObjections(found);
  const update = Buffer.from(proposal.update, 'base64');
  const bytes = signUpdate(admin, update);
  const signature = Buffer.from(bytes).toString('base64');
  return acceptSignature(proposal, configBlock, { mspId: admin.mspId, signature }, now);
}

/** Writes down that an organization says no, and why. */
export function refuseChange(proposal: ChangeProposal, mspId: string, reason: string): ChangeProposal {
  const keep = <T extends { mspId: string }>(list: readonly T[]) => list.filter((entry) => entry.mspId !== mspId);
  return {
    ...proposal,
    signatures: keep(proposal.signatures),
    refusals: [...keep(proposal.refusals), { mspId, reason }],
  };
}

/** The envelope that orderers take for a proposal with enough signatures, sent by `submitter`; throws where it is not to be sent. */
export function completeChange(
  proposal: ChangeProposal,
  configBlock: Uint8Array,
  submitter: Signatory,
  versions: Versions,
): Uint8Array {
  const { progress, objections: found } = reviewChange(proposal, configBlock, versions);
  refuseObjections(found);
  if (!progress.complete) throw new SignaturesMissing(progress);
  const update = Buffer.from(proposal.update, 'base64');
  const { valid } = checkSignatures(proposal, update, readChannelConfig(configBlock));
  const signatures = valid.map(({ bytes }) => bytes);
  return updateEnvelope(submitter, proposal.channel, update, signatures, new Date());
}

/** Sends a proposal with enough signatures to an orderer; the caller waits for the config block. */
export async function submitChange(
  proposal: ChangeProposal,
  configBlock: Uint8Array,
  orderer: OrdererConnection,
  versions: Versions,
): Promise<void> {
  await broadcast(orderer, completeChange(proposal, configBlock, orderer.signatory, versions));
}

/**
 * Takes a signature that was made elsewhere; refuses one that is not over these bytes, not of an admin of `mspId`, or made
 * with a certificate that has ended by `now`: orderers would count that one, we do not.
 */
export function acceptSignature(
  proposal: ChangeProposal,
  configBlock: Uint8Array,
  { mspId, signature }: { readonly mspId: string; readonly signature: string },
  now: Date,
): ChangeProposal {
  const config = readChannelConfig(configBlock);
  const member = verifyUpdateSignature(Buffer.from(signature, 'base64'), updateOf(proposal, config), config);
  if (member.mspId !== mspId) {
    throw new Fault(
      'misconfigured',
      `${mspId} sends a signature of ${member.mspId}: each organization signs for itself`,
    );
  }
  checkInForce(member.certificate, `the admin certificate of ${member.commonName} of ${mspId}`, now);
  return withSignature(proposal, mspId, signature);
}

function withSignature(proposal: ChangeProposal, mspId: string, signature: string): ChangeProposal {
  const others = proposal.signatures.filter((one) => one.mspId !== mspId);
  const refusals = proposal.refusals.filter((refusal) => refusal.mspId !== mspId);
  return { ...proposal, signatures: [...others, { mspId, signature }], refusals };
}
