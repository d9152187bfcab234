import { z } from 'zod';
import { Fault } from '../../ledger/fault.ts';
import type { Signatory } from '../../ledger/identity.ts';
import { type ChannelConfig, readChannelConfig } from '../../ledger/verify/channel-config.ts';
import { parseUpdate, simulateUpdate, type TouchedElement } from '../../ledger/verify/simulate-update.ts';
import { broadcast, type OrdererConnection } from '../protocol/orderer.ts';
import { type Caution, cautions } from './cautions.ts';
import { configUpdate, copyGroup } from './compare.ts';
import { applyEdit, type ConfigEdit } from './edits.ts';
import { type Objection, objections, type Versions } from './guard.ts';
import { type PolicyImpact, policyImpact } from './impact.ts';
import { allOf, type Formula, isSatisfied, organizationsIn, policyFormula, quorums } from './policy-algebra.ts';
import { type ReadableChange, readableDiff } from './readable-diff.ts';
import { signUpdate, updateEnvelope, verifyUpdateSignature } from './signatures.ts';

const Base64 = z
  .base64()
  .min(1)
  .max(4 << 20);

/** A change of a channel's configuration on its way through the organizations, as it is stored and sent. */
export const ChangeProposal = z.strictObject({
  version: z.literal(1),
  channel: z.string(),
  /** The configuration it was made for; another one in force voids every signature. */
  sequence: z.int().min(0),
  summary: z.string().min(1).max(1000),
  /** `common.ConfigUpdate` bytes: what is signed. */
  update: Base64,
  signatures: z
    .array(z.strictObject({ mspId: z.string(), signature: Base64 }))
    .max(200)
    .readonly(),
  refusals: z
    .array(z.strictObject({ mspId: z.string(), reason: z.string().min(1).max(1000) }))
    .max(200)
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
  /** What it costs, to be known before signing. */
  readonly cautions: readonly Caution[];
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

function refuseObjections(found: readonly Objection[]): void {
  if (found.length === 0) return;
  const list = found.map(({ path, sentence }) => `${path}: ${sentence}`).join('; ');
  throw new Fault('misconfigured', `this change would wreck the channel: ${list}`);
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
    cautions: cautions(config.group, after, impact),
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
  const completing = organizationsIn(all).length === 0 || complete ? [] : missingSets(all, signed, refused);
  const guards = formulas.map(([path, formula]) => ({ path, satisfied: isSatisfied(formula, signed) }));
  return { guards, signed: [...signed].sort(), invalid, refused, complete, missing: completing };
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

/** The minimal approving sets without those who signed already, none with somebody who refused. */
function missingSets(all: Formula, signed: ReadonlySet<string>, refused: readonly string[]): string[][] {
  const rest = quorums(all).approve.map((set) => set.filter((mspId) => !signed.has(mspId)));
  const possible = rest.filter((set) => !set.some((mspId) => refused.includes(mspId)));
  const minimal = possible.filter(
    (set) => !possible.some((other) => other.length < set.length && other.every((mspId) => set.includes(mspId))),
  );
  return [...new Map(minimal.map((set) => [set.join(), set])).values()].sort((a, b) => a.length - b.length);
}

/** Adds the signature of an organization's admin, after reviewing the bytes itself; refuses what the guard objects to. */
export function signChange(
  proposal: ChangeProposal,
  configBlock: Uint8Array,
  admin: Signatory,
  versions: Versions,
): ChangeProposal {
  const { objections: found } = reviewChange(proposal, configBlock, versions);
  refuseObjections(found);
  const update = Buffer.from(proposal.update, 'base64');
  const bytes = signUpdate(admin, update);
  const { mspId } = verifyUpdateSignature(bytes, update, readChannelConfig(configBlock));
  const others = proposal.signatures.filter((signature) => signature.mspId !== mspId);
  const signature = Buffer.from(bytes).toString('base64');
  const refusals = proposal.refusals.filter((refusal) => refusal.mspId !== mspId);
  return { ...proposal, signatures: [...others, { mspId, signature }], refusals };
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

/** Sends a proposal with enough signatures to an orderer; the caller waits for the config block. */
export async function submitChange(
  proposal: ChangeProposal,
  configBlock: Uint8Array,
  orderer: OrdererConnection,
  versions: Versions,
): Promise<void> {
  const { progress, objections: found } = reviewChange(proposal, configBlock, versions);
  refuseObjections(found);
  if (!progress.complete) {
    const open = progress.guards.filter(({ satisfied }) => !satisfied).map(({ path }) => path);
    const sets = progress.missing.map((set) => set.join(' and ')).join(', or ');
    const needed = sets === '' ? 'nobody left can complete it' : `it still needs ${sets}`;
    throw new Fault('misconfigured', `too few signatures for ${open.join(' and ')}: ${needed}`);
  }
  const update = Buffer.from(proposal.update, 'base64');
  const { valid } = checkSignatures(proposal, update, readChannelConfig(configBlock));
  const signatures = valid.map(({ bytes }) => bytes);
  await broadcast(orderer, updateEnvelope(orderer.signatory, proposal.channel, update, signatures, new Date()));
}
