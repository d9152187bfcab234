/** Agreeing on chaincodes, from one organization's side: each installs and approves for itself, anybody commits. */
import type { MspId } from '@d-cloud/chaincode/domain';
import {
  approveChaincode,
  approveOnce,
  type ChaincodeDefinition,
  type ChaincodeInForce,
  chaincodesInForce,
  commitReadiness,
  committedDefinition,
  commitWhenAgreed,
  completing,
  type InstalledPackage,
  installChaincode,
  installedPackages,
  packageChaincode,
  policyFormula,
  readChannelConfig,
} from '@d-cloud/network/admin';
import { Fault } from '@d-cloud/network/ledger';
import type { Clock } from '../services.ts';
import type { FabricAccess } from './consortium-access.ts';
import type { DefinitionStore, OfferedDefinition } from './definition-store.ts';
import type { OtherGateways } from './other-gateways.ts';
import { until } from './until.ts';

/** A definition that somebody proposes, with who has approved exactly it. */
export type ProposedDefinition = OfferedDefinition & {
  readonly proposer: MspId;
  /** By MSP id, as the own peer knows it. */
  readonly approvals: Readonly<Record<string, boolean>>;
  /** The smallest groups whose approval would still be enough to commit; one empty group: it may be committed. */
  readonly missing: readonly (readonly string[])[];
};

export type ChaincodeList = {
  readonly inForce: readonly ChaincodeInForce[];
  readonly installed: readonly InstalledPackage[];
  readonly proposed: readonly ProposedDefinition[];
  readonly away: readonly MspId[];
};

export type WantedDefinition = Omit<ChaincodeDefinition, 'channel' | 'sequence'> & { readonly label: string };

export type ChaincodesPowers = {
  readonly organization: MspId;
  readonly access: FabricAccess;
  readonly store: DefinitionStore;
  readonly others: OtherGateways;
  readonly clock: Clock;
};

const lifecyclePolicy = '/Channel/Application/LifecycleEndorsement';

export class Chaincodes {
  readonly #powers: ChaincodesPowers;

  constructor(powers: ChaincodesPowers) {
    this.#powers = powers;
  }

  async list(channel: string): Promise<ChaincodeList> {
    const { access } = this.#powers;
    const [inForce, installed, { offers, away }] = await Promise.all([
      chaincodesInForce(access.peer, channel),
      installedPackages(access.peer),
      this.#offers(channel),
    ]);
    const open = offers.filter(({ definition }) => definition.sequence === nextSequence(inForce, definition.name));
    return { inForce, installed, away, proposed: await Promise.all(open.map((one) => this.#ready(one))) };
  }

  /** Installs the package of a label, which every organization makes for itself with the same bytes, on all own peers. */
  async install(label: string): Promise<string> {
    const chaincodePackage = packageChaincode(label);
    await Promise.all(this.#powers.access.peers.map((peer) => installChaincode(peer, chaincodePackage)));
    return chaincodePackage.packageId;
  }

  /** Proposes the next definition of a chaincode: the others find it here, the own organization installs and approves it. */
  async propose(channel: string, { label, ...wanted }: WantedDefinition): Promise<ProposedDefinition> {
    const { access, store, organization, clock } = this.#powers;
    const sequence = nextSequence(await chaincodesInForce(access.peer, channel), wanted.name);
    const definition = { ...wanted, channel, sequence };
    await this.#approve(definition, label);
    const offered = { definition, label, proposedAt: clock.now().toISOString() };
    store.put(offered);
    return this.#ready({ ...offered, proposer: organization });
  }

  /**
   * Installs and approves what another organization proposes, or, where nobody proposes anything newer, what was put in force
   * without the own approval: until then the own peers do not run it. Where several propose, `proposer` says whose is meant.
   */
  async approve(channel: string, name: string, proposer?: string): Promise<ProposedDefinition> {
    const { access, organization } = this.#powers;
    const late = await this.#unapproved(channel, name);
    const offer = await this.#only(channel, name, proposer, late?.sequence);
    if (late === undefined || offer.definition.sequence !== late.sequence) {
      await this.#approve(offer.definition, offer.label);
      return this.#ready(offer);
    }
    const packageId = await this.install(offer.label);
    const [orderer] = await access.orderers(channel);
    if (orderer === undefined) throw new Fault('misconfigured', `no orderer of ${channel} is known`);
    await approveChaincode(access.peer, offer.definition, packageId, { orderer });
    return { ...offer, approvals: { ...late.approvals, [organization]: true }, missing: [[]] };
  }

  /** The definition in force, where the own organization has not approved it. */
  async #unapproved(channel: string, name: string) {
    const { access, organization } = this.#powers;
    const inForce = await committedDefinition(access.peer, channel, name);
    if (inForce === undefined || inForce.approvals.get(organization) === true) return undefined;
    return { sequence: inForce.sequence, approvals: Object.fromEntries(inForce.approvals) };
  }

  /** Puts an approved definition in force, endorsed by the peers of those who approved it. */
  async commit(channel: string, name: string, proposer?: string, signal?: AbortSignal): Promise<ChaincodeInForce> {
    const { access } = this.#powers;
    const { definition, approvals, missing } = await this.#ready(await this.#only(channel, name, proposer));
    if (!missing.some((set) => set.length === 0)) {
      const sets = missing.map((set) => set.join(' and ')).join(', or ');
      throw new Fault(
        'misconfigured',
        `${name} ${definition.sequence} is not agreed upon: it still needs the approval of ${sets}`,
      );
    }
    const config = readChannelConfig(await access.configBlock(channel));
    const peers = access.memberPeers(config).filter(({ mspId }) => approvals[mspId]);
    const [orderer] = await access.orderers(channel);
    if (orderer === undefined) throw new Fault('misconfigured', `no orderer of ${channel} is known`);
    await commitWhenAgreed(
      peers.map(({ peer }) => peer),
      definition,
      { orderer, ...(signal && { signal }) },
    );
    // The own peer may be one that did not endorse, and hear of it after those that did.
    return until(
      `the own peer to have ${name} ${definition.sequence}`,
      { withinMs: 30_000, ...(signal && { signal }) },
      async () => {
        const inForce = (await chaincodesInForce(access.peer, channel)).find((one) => one.name === name);
        if (inForce !== undefined && inForce.sequence >= definition.sequence) return inForce;
        throw new Fault('unavailable', `the own peer does not have ${name} ${definition.sequence} yet`);
      },
    );
  }

  /** What other organizations' gateways are told. */
  offered(): OfferedDefinition[] {
    return this.#powers.store.newest();
  }

  async #approve(definition: ChaincodeDefinition, label: string): Promise<void> {
    const { access, organization } = this.#powers;
    const packageId = await this.install(label);
    const [orderer] = await access.orderers(definition.channel);
    if (orderer === undefined) throw new Fault('misconfigured', `no orderer of ${definition.channel} is known`);
    await approveOnce(access.peer, organization, definition, packageId, { orderer });
  }

  /** The one definition that is proposed next; where there is none, the one of sequence `otherwise`. */
  async #only(
    channel: string,
    name: string,
    proposer?: string,
    otherwise?: number,
  ): Promise<OfferedDefinition & { proposer: MspId }> {
    const { offers, away } = await this.#offers(channel);
    const sequence = nextSequence(await chaincodesInForce(this.#powers.access.peer, channel), name);
    const named = offers.filter(
      (one) => one.definition.name === name && (proposer === undefined || one.proposer === proposer),
    );
    const next = named.filter(({ definition }) => definition.sequence === sequence);
    const meant = next.length > 0 ? next : named.filter(({ definition }) => definition.sequence === otherwise);
    const different = new Set(meant.map(({ definition, label }) => JSON.stringify([definition, label])));
    const [first] = meant;
    if (first !== undefined && different.size === 1) return first;
    if (first !== undefined) {
      const whose = meant.map((one) => one.proposer).join(' and ');
      throw new Fault('misconfigured', `${whose} propose different definitions of ${name}: say whose is meant`);
    }
    const rest = away.length === 0 ? '' : `; the gateways of ${away.join(', ')} did not answer`;
    throw new Fault('misconfigured', `nobody proposes ${name} ${sequence} on ${channel}${rest}`);
  }

  async #offers(channel: string) {
    const { others, store, organization } = this.#powers;
    const away: MspId[] = [];
    const foreign = await Promise.all(
      others.places().map(async (place) => {
        const offers = await others.definitions(place).catch(() => {
          away.push(place.organization);
          return [];
        });
        return offers.map((offered) => ({ ...offered, proposer: place.organization }));
      }),
    );
    const all = [...store.newest().map((offered) => ({ ...offered, proposer: organization })), ...foreign.flat()];
    return { offers: all.filter(({ definition }) => definition.channel === channel), away };
  }

  async #ready(offer: OfferedDefinition & { proposer: MspId }): Promise<ProposedDefinition> {
    return { ...offer, ...(await this.readiness(offer.definition)) };
  }

  /** Who has approved exactly this definition, and whose approval would let it be committed. */
  async readiness(definition: ChaincodeDefinition): Promise<Pick<ProposedDefinition, 'approvals' | 'missing'>> {
    const { access } = this.#powers;
    const { group } = readChannelConfig(await access.configBlock(definition.channel));
    const approvals = Object.fromEntries(await commitReadiness(access.peer, definition));
    const approved = new Set(Object.keys(approvals).filter((mspId) => approvals[mspId]));
    const missing = completing(policyFormula(group, lifecyclePolicy), approved, (mspId) => mspId in approvals);
    return { approvals, missing };
  }
}

function nextSequence(inForce: readonly ChaincodeInForce[], name: string): number {
  return (inForce.find((one) => one.name === name)?.sequence ?? 0) + 1;
}
