/** The chaincodes of a channel once more without an organization, from one member's side. */
import type { MspId } from '@d-cloud/chaincode/domain';
import {
  approvedDefinition,
  approveInForce,
  type ChaincodeInForce,
  chaincodesInForce,
  committedDefinition,
} from '@d-cloud/network/admin';
import { Fault } from '@d-cloud/network/ledger';
import type { Chaincodes, ProposedDefinition } from './chaincodes.ts';
import type { FabricAccess } from './consortium-access.ts';
import { countsOn, definitionWithout, isSameWithout } from './definition-without.ts';
import { type AwaitedWord, type StepLeft, told } from './step-left.ts';

export type RenewalPowers = {
  readonly organization: MspId;
  readonly access: Pick<FabricAccess, 'peer' | 'orderers'>;
  readonly chaincodes: Pick<Chaincodes, 'install' | 'propose' | 'readiness' | 'commit'>;
};

export class DefinitionRenewal {
  readonly #powers: RenewalPowers;

  constructor(powers: RenewalPowers) {
    this.#powers = powers;
  }

  /** Looks without doing anything. */
  async look(channel: string, mspId: string): Promise<StepLeft> {
    const [first, ...more] = await this.#counting(channel, mspId);
    if (first === undefined) return { remaining: 0 };
    const remaining = 1 + more.length;
    return told(remaining, async () => {
      const definition = { ...definitionWithout(first, mspId), channel, sequence: first.sequence + 1 };
      return { remaining, awaited: awaitedFor(definition, await this.#powers.chaincodes.readiness(definition)) };
    });
  }

  /**
   * Proposes and approves each definition without the organization, and puts in force what enough have approved; every member proposes
   * the very same, so nobody waits for anybody's gateway. What came into force without the own approval is approved, where it is what
   * the own organization had approved before but for the one that is taken out; where that cannot be done it is told, and asked for again.
   */
  async advance(channel: string, mspId: string, signal?: AbortSignal): Promise<StepLeft> {
    const { chaincodes, organization } = this.#powers;
    let open = await this.#counting(channel, mspId);
    const left: StepLeft[] = [];
    for (const inForce of open) {
      const outcome = await told(1, async () => {
        const label = await this.#labelOf(channel, inForce);
        const proposed = await chaincodes.propose(channel, { ...definitionWithout(inForce, mspId), label });
        if (!proposed.missing.some((set) => set.length === 0)) {
          return { remaining: 1, awaited: awaitedFor(proposed.definition, proposed) };
        }
        await chaincodes.commit(channel, inForce.name, organization, signal);
        return { remaining: 0 };
      });
      if (outcome.remaining > 0) left.push(outcome);
    }
    open = await this.#counting(channel, mspId);
    if (open.length > 0) return { remaining: open.length, ...leftOf(left) };
    const behind = await this.#catchUp(channel, mspId);
    return { remaining: behind.length, ...leftOf(behind) };
  }

  async #counting(channel: string, mspId: string): Promise<ChaincodeInForce[]> {
    const all = await chaincodesInForce(this.#powers.access.peer, channel);
    return all.filter((one) => countsOn(one, mspId));
  }

  /** Gives what is left to approve. */
  async #catchUp(channel: string, mspId: string): Promise<StepLeft[]> {
    const left: StepLeft[] = [];
    for (const inForce of await chaincodesInForce(this.#powers.access.peer, channel)) {
      const outcome = await told(1, async () => {
        await this.#approve(channel, inForce, mspId);
        return { remaining: 0 };
      });
      if (outcome.remaining > 0) left.push(outcome);
    }
    return left;
  }

  /** Approves what is in force, where only the organization stood between it and what was approved before. */
  async #approve(channel: string, inForce: ChaincodeInForce, mspId: string): Promise<void> {
    const { access, organization, chaincodes } = this.#powers;
    const { name, sequence } = inForce;
    const committed = await committedDefinition(access.peer, channel, name);
    if (sequence < 2 || committed?.approvals.get(organization) === true) return;
    const before = await approvedDefinition(access.peer, channel, { name, sequence: sequence - 1 });
    if (before?.packageId === undefined || !isSameWithout(before, inForce, mspId)) return;
    const packageId = await chaincodes.install(labelIn(before.packageId));
    const [orderer] = await access.orderers(channel);
    if (orderer === undefined) throw new Fault('misconfigured', `no orderer of ${channel} is known`);
    await approveInForce(access.peer, { channel, name, packageId }, { orderer });
  }

  /** The package that runs a chaincode here; on the embedded ledger a service may run it that nobody installed. */
  async #labelOf(channel: string, { name, version, sequence }: ChaincodeInForce): Promise<string> {
    const approved = await approvedDefinition(this.#powers.access.peer, channel, { name, sequence });
    return approved?.packageId === undefined ? `${name}_${version}` : labelIn(approved.packageId);
  }
}

function labelIn(packageId: string): string {
  return packageId.slice(0, packageId.indexOf(':'));
}

function leftOf(left: readonly StepLeft[]): Omit<StepLeft, 'remaining'> {
  const [first] = left;
  if (first === undefined) return {};
  const { remaining: _, ...rest } = first;
  return rest;
}

function awaitedFor(
  { name, sequence }: { readonly name: string; readonly sequence: number },
  { approvals, missing }: Pick<ProposedDefinition, 'approvals' | 'missing'>,
): AwaitedWord {
  const given = Object.keys(approvals).filter((mspId) => approvals[mspId]);
  return { kind: 'approvals', of: `${name} ${sequence}`, given: given.sort(), missing };
}
