/**
 * Taking an organization that has left out of its channel: no chaincode's definition counts on it, then none of its orderers is a
 * consenter, then the channel does not name it. Every member makes the same proposals for itself, and so the same bytes: whoever comes
 * last submits. Nothing is remembered but what the channel and the kept changes say, so that a step may be asked for again after any end.
 */
import type { ChangeId, MspId } from '@d-cloud/chaincode/domain';
import {
  type ChangeProgress,
  type ChangeProposal,
  type ConfigEdit,
  consentersOfOrganization,
  type OwnedConsenter,
  proposeChange,
  readChannelConfig,
  reviewChange,
} from '@d-cloud/network/admin';
import { Fault } from '@d-cloud/network/ledger';
import { changeIdOf } from './change-id.ts';
import type { Changes } from './changes.ts';
import type { ConsortiumAccess } from './consortium-access.ts';
import type { DefinitionRenewal } from './definition-renewal.ts';
import { type AwaitedWord, type StepLeft, told } from './step-left.ts';

export const removalSteps = ['definitions-renewed', 'consenters-removed', 'removed-from-channel'] as const;
export type RemovalStep = StepLeft & { readonly step: (typeof removalSteps)[number] };

export type RemovalPowers = {
  readonly organization: MspId;
  readonly channel: string;
  readonly access: Pick<ConsortiumAccess, 'configBlock' | 'orderedConfigBlock'>;
  readonly changes: Pick<Changes, 'propose' | 'gather' | 'words' | 'sign' | 'submit' | 'answer'>;
  readonly definitions: Pick<DefinitionRenewal, 'look' | 'advance'>;
};

export class Removal {
  readonly #powers: RemovalPowers;

  constructor(powers: RemovalPowers) {
    this.#powers = powers;
  }

  /** How far it has come and whom it waits for; nothing is done. Fault where the own peer does not answer. */
  async look(mspId: MspId): Promise<RemovalStep[]> {
    const { channel, definitions } = this.#powers;
    const block = await this.#configBlock(mspId);
    if (block === undefined) return stepsOf({ remaining: 0 }, { remaining: 0 }, { remaining: 0 });
    const renewed = await definitions.look(channel, mspId);
    const { sure, disputed } = this.#consenters(block, mspId);
    const gone = withDisputed(await this.#awaited(block, sure.length, sure[0]), disputed, mspId);
    const edit = isMember(block, mspId) ? ({ kind: 'remove-organization', mspId } as const) : undefined;
    const ready = renewed.remaining + gone.remaining === 0;
    const removed = edit && !ready ? { remaining: 1 } : await this.#awaited(block, edit ? 1 : 0, edit);
    return stepsOf(renewed, gone, removed);
  }

  /** Does what this organization can do now. What is refused, or waits for others, is told with its step. */
  async advance(mspId: MspId, signal?: AbortSignal): Promise<RemovalStep[]> {
    const { channel, definitions } = this.#powers;
    if ((await this.#configBlock(mspId)) === undefined) return this.look(mspId);
    const renewed = await definitions.advance(channel, mspId, signal);
    const summary = `${mspId} has left: none of its orderers counts any more`;
    const taken = await this.#carryAll(mspId, (block) => this.#consenters(block, mspId).sure, {
      summary,
      ...(signal && { signal }),
    });
    const after = await this.#configBlock(mspId);
    const gone = after === undefined ? taken : withDisputed(taken, this.#consenters(after, mspId).disputed, mspId);
    if (renewed.remaining + gone.remaining > 0) {
      const block = await this.#configBlock(mspId);
      return stepsOf(renewed, gone, { remaining: block !== undefined && isMember(block, mspId) ? 1 : 0 });
    }
    const removed = await this.#carryAll(
      mspId,
      (block) => (isMember(block, mspId) ? [{ kind: 'remove-organization', mspId }] : []),
      { summary: `${mspId} has left`, ...(signal && { signal }) },
    );
    return stepsOf(renewed, gone, removed);
  }

  /** Carries one edit after the other as far as it goes here: each is made for the configuration that the one before it left. */
  async #carryAll(
    mspId: MspId,
    edits: (block: Uint8Array) => readonly ConfigEdit[],
    { summary, signal }: { readonly summary: string; readonly signal?: AbortSignal },
  ): Promise<StepLeft> {
    for (;;) {
      const block = await this.#configBlock(mspId);
      const [edit, ...more] = block === undefined ? [] : edits(block);
      if (block === undefined || edit === undefined) return { remaining: 0 };
      const remaining = 1 + more.length;
      const { sequence } = readChannelConfig(block);
      const left = await told(remaining, () =>
        this.#carry(block, edit, { remaining, summary, ...(signal && { signal }) }),
      );
      if (left.remaining < remaining) continue;
      const now = await this.#configBlock(mspId);
      // Somebody else submitted it, or another change, meanwhile.
      if (now !== undefined && readChannelConfig(now).sequence === sequence) return left;
    }
  }

  async #carry(
    block: Uint8Array,
    edit: ConfigEdit,
    {
      remaining,
      summary,
      signal,
    }: { readonly remaining: number; readonly summary: string; readonly signal?: AbortSignal },
  ): Promise<StepLeft> {
    const { changes, channel, organization } = this.#powers;
    const refused = this.#refused(changeIdOf(bareChange(block, edit)), remaining);
    if (refused !== undefined) return refused;
    const { id } = await changes.propose(channel, edit, summary);
    let { review, unreviewed } = await changes.gather(id);
    if (review !== undefined && !review.progress.complete && !review.progress.signed.includes(organization)) {
      ({ review, unreviewed } = await changes.sign(id));
    }
    if (review === undefined) return { remaining, blocked: unreviewed ?? `${id} has ended` };
    const awaited = awaitedFor(id, edit, review.progress);
    if (!review.progress.complete) return { remaining, awaited };
    // Whoever takes itself out is not told by any orderer that it is out.
    if (edit.kind === 'remove-organization' && edit.mspId === organization) {
      return { remaining, awaited: { ...awaited, missing: [[]] } };
    }
    await changes.submit(id, signal);
    return { remaining: remaining - 1 };
  }

  /** Where the own admin has said no to a change: what follows from a departure does not say yes in its place. */
  #refused(id: ChangeId, remaining: number): StepLeft | undefined {
    const said = this.#powers.changes.answer(id);
    if (said?.answer !== 'refused') return undefined;
    const next = `where that no longer holds, sign it (dcloud channel change sign ${id}) and ask again`;
    return { remaining, blocked: `your own organization has refused ${id}, "${said.reason ?? ''}": ${next}` };
  }

  /** Whom the first of what is left waits for. */
  async #awaited(block: Uint8Array, remaining: number, edit: ConfigEdit | undefined): Promise<StepLeft> {
    if (edit === undefined) return { remaining };
    return told(remaining, async () => {
      const bare = bareChange(block, edit);
      const id = changeIdOf(bare);
      const refused = this.#refused(id, remaining);
      if (refused !== undefined) return refused;
      const { progress } = reviewChange({ ...bare, ...(await this.#powers.changes.words(id)) }, block, versions);
      return { remaining, awaited: awaitedFor(id, edit, progress) };
    });
  }

  /**
   * The edits that take the consenters of one that has left out, and those that may be somebody else's: never one that the own roots
   * issued, unless we are the one that leaves.
   */
  #consenters(block: Uint8Array, mspId: MspId) {
    const { organization } = this.#powers;
    const isDisputed = ({ stated, alsoOf }: OwnedConsenter) =>
      stated ? alsoOf.includes(organization) : alsoOf.length > 0;
    const all = consentersOfOrganization(readChannelConfig(block).group, mspId);
    const sure = all.filter((one) => !isDisputed(one));
    return {
      sure: sure.map(({ address }): ConfigEdit => ({ kind: 'remove-consenter', address })),
      disputed: all.filter(isDisputed),
    };
  }

  /** The configuration in force, or undefined where it does not name us any more: orderers give it to members alone, and the own peer never sees the block that takes us out. */
  async #configBlock(mspId: MspId): Promise<Uint8Array | undefined> {
    const { access, channel, organization } = this.#powers;
    if (mspId !== organization) return access.configBlock(channel);
    try {
      return await access.orderedConfigBlock(channel);
    } catch (error) {
      if (error instanceof Fault && error.message.includes('FORBIDDEN')) return undefined;
      throw error;
    }
  }
}

/** What is left, with the consenters that nobody is asked to sign for: whoever writes another's root into its own MSP claims its orderers too. */
function withDisputed(left: StepLeft, disputed: readonly OwnedConsenter[], mspId: MspId): StepLeft {
  const [first] = disputed;
  if (first === undefined) return left;
  const remaining = left.remaining + disputed.length;
  if (left.remaining > 0) return { ...left, remaining };
  const { address, stated, alsoOf } = first;
  const why = stated
    ? `the configuration says that the consenter ${address} is of ${mspId}, and a root of ${alsoOf.join(' and ')} issued its TLS certificate`
    : `${mspId} and ${alsoOf.join(' and ')} list the root of the consenter ${address}, so that nothing tells whose it is`;
  const next = `it is not taken out by itself: find out who runs it; where that is ${mspId}, propose to take it out (dcloud channel propose remove-consenter ${address}), and then ${mspId} itself (dcloud org remove ${mspId})`;
  return { remaining, blocked: `${why}: ${next}` };
}

/** No capability is new in what takes somebody out, so whatever members run is new enough. */
const versions = { lowest: '2.5' } as const;

/** The change as nobody has proposed it yet: its bytes and its id are everybody's. */
function bareChange(block: Uint8Array, edit: ConfigEdit): ChangeProposal {
  return proposeChange(block, edit, 'not proposed', versions);
}

function isMember(block: Uint8Array, mspId: MspId): boolean {
  const { applicationMsps, ordererMsps } = readChannelConfig(block);
  return applicationMsps.has(mspId) || ordererMsps.has(mspId);
}

function stepsOf(...left: readonly [StepLeft, StepLeft, StepLeft]): RemovalStep[] {
  return left.map((one, at) => ({ step: removalSteps[at]!, ...one }));
}

function awaitedFor(id: string, edit: ConfigEdit, { signed, missing }: ChangeProgress): AwaitedWord {
  const address = edit.kind === 'remove-consenter' ? { address: edit.address } : {};
  return { kind: 'signatures', of: id, ...address, given: signed, missing };
}
