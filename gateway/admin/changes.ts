/** The ceremony of changing a channel, from one organization's side: propose, look, sign or refuse, submit. */
import type { ChangeId, MspId } from '@d-cloud/chaincode/domain';
import {
  acceptSignature,
  type ChangeProposal,
  type ConfigEdit,
  completeChange,
  consentersOf,
  parseUpdate,
  proposeChange,
  readChannelConfig,
  refuseChange,
  reviewChange,
  signChange,
  simulateUpdate,
  type Versions,
  WreckingChange,
} from '@d-cloud/network/admin';
import { Fault } from '@d-cloud/network/ledger';
import type { Logger } from 'pino';
import type { Clock } from '../services.ts';
import { changeIdOf } from './change-id.ts';
import { awaitOutcome, outcomeOf } from './change-outcome.ts';
import type { ChangeState, ChangeStore, KeptChange, OwnAnswer } from './change-store.ts';
import { type ChangeView, reviewed } from './change-view.ts';
import type { ConsortiumAccess } from './consortium-access.ts';
import { fabricVersions } from './fabric-versions.ts';
import type { GatewayPlace, OfferedChange, OtherGateways } from './other-gateways.ts';

export type ChangesPowers = {
  readonly organization: MspId;
  readonly access: ConsortiumAccess;
  readonly store: ChangeStore;
  readonly others: OtherGateways;
  /** What the own peers run. */
  readonly fabricVersion: Versions['lowest'];
  readonly clock: Clock;
  readonly log: Logger;
};

/** An organization may have so many open changes: each is reviewed by everybody. */
export const mostOpen = 16;
const mostEnded = 50;

/** There is no such change, here or at any gateway that answers. */
export class ChangeUnknown extends Fault {
  constructor(id: ChangeId, away: readonly string[]) {
    const rest = away.length === 0 ? '' : `; the gateways of ${away.join(', ')} did not answer`;
    super('misconfigured', `nobody offers a change ${id}${rest}`);
  }
}

/** The change has ended: nobody signs or submits it any more. */
export class ChangeEnded extends Fault {
  constructor(id: ChangeId, state: ChangeState) {
    super('misconfigured', `${id} is ${state}: propose it again if it is still wanted`);
  }
}

type Found = KeptChange & { readonly place: GatewayPlace | undefined };
export type ChangeList = { readonly changes: readonly ChangeView[]; readonly away: readonly MspId[] };

export class Changes {
  readonly #powers: ChangesPowers;

  constructor(powers: ChangesPowers) {
    this.#powers = powers;
  }

  /** Makes a change and keeps it for the others; refuses one that the guard objects to. The same edit again is the same change. */
  async propose(channel: string, edit: ConfigEdit, summary: string): Promise<ChangeView> {
    const { access } = this.#powers;
    const configBlock = await access.configBlock(channel);
    const propose = (versions: Versions) => proposeChange(configBlock, edit, summary, versions);
    const proposal = await this.#withVersions(configBlock, propose);
    return this.#keep(proposal, (kept) => (kept?.state === 'open' ? kept.proposal : proposal));
  }

  /** Keeps a change that came as a file as one that this organization offers, with the signatures that are right. */
  async takeIn(proposal: ChangeProposal): Promise<ChangeView> {
    const { access, clock } = this.#powers;
    const configBlock = await access.configBlock(proposal.channel);
    const bare = { ...proposal, signatures: [], refusals: [] };
    await this.#withVersions(configBlock, (versions) => {
      const { objections } = reviewChange(bare, configBlock, versions);
      if (objections.length > 0) throw new WreckingChange(objections);
    });
    return this.#keep(bare, (kept) =>
      proposal.signatures.reduce(
        (taken, signature) => acceptSignature(taken, configBlock, signature, clock.now()),
        kept?.proposal ?? bare,
      ),
    );
  }

  /** Own changes and those that other organizations offer now, with our own review of each. */
  async list(): Promise<ChangeList> {
    const { store, others } = this.#powers;
    await this.#settle();
    const away: MspId[] = [];
    const foreign = await Promise.all(
      others.places().map(async (place) => {
        try {
          const ids = await others.offered(place);
          return await Promise.all(ids.map(async (id) => offeredOf(await others.change(place, id), place)));
        } catch (error) {
          this.#powers.log.debug({ err: error, organization: place.organization }, 'changes not read');
          away.push(place.organization);
          return [];
        }
      }),
    );
    const own = store.list(mostEnded).map((kept) => ({ ...kept, place: undefined }));
    const theirs = foreign.flat().filter((one) => one !== undefined && store.get(one.id) === undefined) as Found[];
    const all = [...own, ...theirs];
    return { changes: await Promise.all(all.map((one) => this.#view(one))), away };
  }

  async get(id: ChangeId): Promise<ChangeView> {
    await this.#settle();
    return this.#view(await this.#find(id));
  }

  /** What this organization answered to a change, whoever proposed it. */
  answer(id: ChangeId): OwnAnswer | undefined {
    return this.#powers.store.answer(id);
  }

  /**
   * The words that are known for a change: signatures, which prove themselves; refusals of an own one alone, for what another gateway
   * says that others refuse nobody can check. None where nobody offers it.
   */
  async words(id: ChangeId): Promise<Pick<ChangeProposal, 'signatures' | 'refusals'>> {
    await this.#settle();
    try {
      const { place, state, proposal } = await this.#find(id);
      const { signatures, refusals } = proposal;
      if (state !== 'open') return { signatures: [], refusals: [] };
      return { signatures, refusals: place === undefined ? refusals : [] };
    } catch (error) {
      if (!(error instanceof ChangeUnknown)) throw error;
      return { signatures: [], refusals: [] };
    }
  }

  /** The change with its bytes and signatures, to be carried by hand. */
  async file(id: ChangeId): Promise<ChangeProposal> {
    return (await this.#find(id)).proposal;
  }

  /** Reviews the bytes against the own peer's configuration, signs them with the own admin's key, and sends back the signature alone. */
  async sign(id: ChangeId): Promise<ChangeView> {
    const { access, store, others, organization, clock } = this.#powers;
    const found = await this.#findOpen(id);
    const configBlock = await access.configBlock(found.proposal.channel);
    const now = clock.now();
    const signed = await this.#withVersions(configBlock, (versions) =>
      signChange(found.proposal, configBlock, access.admin, versions, now),
    );
    const { signature } = signed.signatures.find(({ mspId }) => mspId === organization)!;
    if (found.place !== undefined) await others.sendSignature(found.place, id, signature);
    else this.#amend(id, (proposal) => acceptSignature(proposal, configBlock, { mspId: organization, signature }, now));
    store.putAnswer(id, { answer: 'signed', at: now.toISOString() });
    return this.get(id);
  }

  /**
   * Adds to an own change the signatures that other organizations' gateways keep for the very same bytes: where several propose the
   * same, each has a part of them. One that is not right, or is older than its organization's refusal here, is left out.
   */
  async gather(id: ChangeId): Promise<ChangeView> {
    const { access, others, clock, log } = this.#powers;
    const { proposal: own } = await this.#findOpen(id);
    const configBlock = await access.configBlock(own.channel);
    const offers = await Promise.allSettled(others.places().map((place) => others.change(place, id)));
    const found = offers.flatMap((offer) =>
      offer.status === 'fulfilled' ? (offer.value?.proposal.signatures ?? []) : [],
    );
    const refused = new Set(own.refusals.map(({ mspId }) => mspId));
    for (const signature of found.filter(({ mspId }) => !refused.has(mspId))) {
      try {
        this.#amend(id, (proposal) => acceptSignature(proposal, configBlock, signature, clock.now()));
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        log.debug({ err: error, change: id, organization: signature.mspId }, 'a gathered signature does not count');
      }
    }
    return this.get(id);
  }

  /** Says no, with a reason that the proposer is told; takes back an own signature. */
  async refuse(id: ChangeId, reason: string): Promise<ChangeView> {
    const { store, others, organization, clock } = this.#powers;
    const found = await this.#findOpen(id);
    if (found.place !== undefined) await others.sendRefusal(found.place, id, reason);
    else this.#amend(id, (proposal) => refuseChange(proposal, organization, reason));
    store.putAnswer(id, { answer: 'refused', at: clock.now().toISOString(), reason });
    return this.get(id);
  }

  /** Takes back an own proposal. */
  async withdraw(id: ChangeId): Promise<ChangeView> {
    const found = await this.#findOpen(id);
    if (found.place !== undefined) {
      throw new Fault(
        'misconfigured',
        `${id} is a change of ${found.proposer}, which alone can withdraw it: refuse it`,
      );
    }
    this.#powers.store.amend(id, (kept) => ({ ...kept, state: 'withdrawn' }));
    return this.get(id);
  }

  /** Sends a change with enough signatures to an orderer and waits until it is in force; anybody who sees it may. */
  async submit(id: ChangeId, signal?: AbortSignal): Promise<ChangeView> {
    const { access, store } = this.#powers;
    const found = await this.#findOpen(id);
    const { proposal } = found;
    const configBlock = await access.configBlock(proposal.channel, signal);
    const envelope = await this.#withVersions(configBlock, (versions) =>
      completeChange(proposal, configBlock, access.admin, versions),
    );
    await this.#refuseWithoutQuorum(proposal, configBlock);
    await access.order(proposal.channel, envelope, signal).catch((error: unknown) => {
      throw readable(error);
    });
    const outcome = await awaitOutcome(access, proposal, signal);
    if (found.place === undefined) store.amend(id, (kept) => ({ ...kept, ...outcome }));
    if (outcome.state === 'superseded') {
      throw new Fault('contended', `another change of ${proposal.channel} came first: propose this one again`);
    }
    return this.#view({ ...found, ...outcome });
  }

  /** Orderers notice late who is down: a change of consenters is sent only when enough of those that would be left answer. */
  async #refuseWithoutQuorum({ channel, update }: ChangeProposal, configBlock: Uint8Array): Promise<void> {
    const { group } = readChannelConfig(configBlock);
    const addresses = (root: typeof group) => (consentersOf(root) ?? []).map(({ address }) => address);
    const after = addresses(simulateUpdate(Buffer.from(update, 'base64'), group).after);
    if (after.join() === addresses(group).join()) return;
    const answering = await this.#powers.access.answeringOrderers(channel, after);
    const needed = Math.floor(after.length / 2) + 1;
    if (answering.length >= needed) return;
    const silent = after.filter((address) => !answering.includes(address)).join(', ');
    throw new Fault(
      'misconfigured',
      `too few orderers are alive for this change: of ${after.length} that would be left ${needed} must answer, and ${silent} does not; start it first`,
    );
  }

  /** The configuration that a change would make of the one in force. */
  async configAfter(id: ChangeId, configBlock: Uint8Array) {
    const { proposal } = await this.#find(id);
    const update = Buffer.from(proposal.update, 'base64');
    const { channel, group } = readChannelConfig(configBlock);
    if (parseUpdate(update).channelId !== channel) throw new Fault('misconfigured', `${id} is no change of ${channel}`);
    return simulateUpdate(update, group).after;
  }

  /** What another organization's gateway is offered: own open changes of channels that it is in. */
  async offered(to: MspId): Promise<ChangeId[]> {
    await this.#settle();
    const ids = await this.#eachChannel(async (channel, changes) =>
      (await this.#isMember(to, channel)) ? changes.map(({ id }) => id) : [],
    );
    return ids.flat();
  }

  async offer(to: MspId, id: ChangeId): Promise<OfferedChange | undefined> {
    await this.#settle();
    const kept = this.#powers.store.get(id);
    if (kept?.state !== 'open') return undefined;
    if (!(await this.#isMember(to, kept.proposal.channel))) return undefined;
    return { id, proposer: kept.proposer, proposedAt: kept.proposedAt, proposal: kept.proposal };
  }

  async #isMember(organization: MspId, channel: string): Promise<boolean> {
    const { applicationMsps, ordererMsps } = readChannelConfig(await this.#powers.access.configBlock(channel));
    return applicationMsps.has(organization) || ordererMsps.has(organization);
  }

  /** Goes through the own open changes by channel; one whose channel cannot be read now stays as it is and keeps nobody from the rest. */
  async #eachChannel<T>(visit: (channel: string, changes: readonly KeptChange[]) => Promise<T>): Promise<T[]> {
    const byChannel = Map.groupBy(this.#open(), ({ proposal }) => proposal.channel);
    const visited = [...byChannel].map(async ([channel, changes]) => {
      try {
        return [await visit(channel, changes)];
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        this.#powers.log.warn({ err: error, channel }, 'a channel with open changes cannot be read');
        return [];
      }
    });
    return (await Promise.all(visited)).flat();
  }

  /** Takes another organization's signature, checked over the bytes that are kept here. */
  async takeSignature(from: MspId, id: ChangeId, signature: string): Promise<void> {
    const { access, clock } = this.#powers;
    const offer = await this.offer(from, id);
    if (offer === undefined) throw new ChangeUnknown(id, []);
    const configBlock = await access.configBlock(offer.proposal.channel);
    this.#amend(id, (proposal) => acceptSignature(proposal, configBlock, { mspId: from, signature }, clock.now()));
  }

  /** Takes another organization's refusal; its connection says whose it is. */
  async takeRefusal(from: MspId, id: ChangeId, reason: string): Promise<void> {
    if ((await this.offer(from, id)) === undefined) throw new ChangeUnknown(id, []);
    this.#amend(id, (proposal) => refuseChange(proposal, from, reason));
  }

  #open(): KeptChange[] {
    return this.#powers.store.list(0);
  }

  #amend(id: ChangeId, amended: (proposal: ChangeProposal) => ChangeProposal): void {
    this.#powers.store.amend(id, (kept) => ({ ...kept, proposal: amended(kept.proposal) }));
  }

  /** Keeps as open what `next` makes of what is kept: nothing is waited for between the two, and so no answer that comes in is lost. */
  async #keep(proposal: ChangeProposal, next: (kept: KeptChange | undefined) => ChangeProposal): Promise<ChangeView> {
    const { store, organization, clock } = this.#powers;
    const id = changeIdOf(proposal);
    await this.#settle();
    const kept = store.get(id);
    if (kept === undefined && this.#open().length >= mostOpen) {
      throw new Fault('misconfigured', `${mostOpen} changes are open already: submit or withdraw some first`);
    }
    const proposedAt = kept?.proposedAt ?? clock.now().toISOString();
    store.put({ id, proposer: organization, proposedAt, state: 'open', proposal: next(kept) });
    return this.get(id);
  }

  /** Own open changes whose configuration is no longer in force have ended one way or the other. */
  async #settle(): Promise<void> {
    const { access, store } = this.#powers;
    await this.#eachChannel(async (channel, changes) => {
      const configBlock = await access.configBlock(channel);
      const { sequence } = readChannelConfig(configBlock);
      for (const { id, proposal } of changes) {
        if (proposal.sequence >= sequence) continue;
        const outcome = await outcomeOf(access, proposal, configBlock);
        store.amend(id, (kept) => ({ ...kept, ...outcome }));
      }
    });
  }

  async #findOpen(id: ChangeId): Promise<Found> {
    const found = await this.#find(id);
    if (found.state !== 'open') throw new ChangeEnded(id, found.state);
    return found;
  }

  async #find(id: ChangeId): Promise<Found> {
    const { store, others } = this.#powers;
    const kept = store.get(id);
    if (kept !== undefined) return { ...kept, place: undefined };
    const away: string[] = [];
    const answers = await Promise.all(
      others.places().map(async (place) => {
        try {
          return offeredOf(await others.change(place, id), place);
        } catch {
          away.push(place.organization);
          return undefined;
        }
      }),
    );
    const found = answers.find((one) => one !== undefined);
    if (found === undefined) throw new ChangeUnknown(id, away);
    return found;
  }

  async #view({ id, proposer, proposedAt, state, block, proposal }: Found): Promise<ChangeView> {
    const { access, store } = this.#powers;
    const { channel, sequence, summary, refusals } = proposal;
    const answer = store.answer(id);
    const told = {
      ...{ id, channel, sequence, proposer, summary, proposedAt, state, refusals },
      ...(block === undefined ? {} : { block }),
      ...(answer === undefined ? {} : { answer }),
    };
    if (state !== 'open') return told;
    const configBlock = await access.configBlock(channel).catch((error: unknown) => {
      if (error instanceof Fault) return error.message;
      throw error;
    });
    if (typeof configBlock === 'string') {
      return { ...told, unreviewed: `${channel} cannot be read now: ${configBlock}` };
    }
    return {
      ...told,
      ...(await this.#withVersions(configBlock, (versions) => {
        const { review, unreviewed } = reviewed(proposal, configBlock, versions);
        const unknown = review?.objections.filter(({ code }) => code === 'UNKNOWN_CAPABILITY') ?? [];
        if (unknown.length > 0 && versions.told === undefined) throw new WreckingChange(unknown);
        return unreviewed === undefined ? { review: review! } : { unreviewed };
      })),
    };
  }

  /** Asks the members for their versions only where the lowest would be objected to. */
  async #withVersions<T>(configBlock: Uint8Array, run: (versions: Versions) => T): Promise<T> {
    try {
      return run({ lowest: '2.5' });
    } catch (error) {
      const asks =
        error instanceof WreckingChange && error.objections.some(({ code }) => code === 'UNKNOWN_CAPABILITY');
      if (!asks) throw error;
    }
    const { organization, fabricVersion, others } = this.#powers;
    const { applicationMsps, ordererMsps } = readChannelConfig(configBlock);
    const members = new Set([...applicationMsps.keys(), ...ordererMsps.keys()]);
    return run(await fabricVersions({ mspId: organization, version: fabricVersion }, others, members));
  }
}

function offeredOf(offered: OfferedChange | undefined, place: GatewayPlace): Found | undefined {
  return offered && { ...offered, state: 'open', place };
}

/** What orderers say in words of their own machinery, with what to do. */
function readable(error: unknown): unknown {
  if (!(error instanceof Fault)) return error;
  if (error.message.includes('quorum loss')) {
    return new Fault(
      'misconfigured',
      `too few orderers are alive for this change; start them first (${error.message})`,
    );
  }
  return error;
}
