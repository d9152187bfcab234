import { Fault } from '@d-cloud/network/ledger';

/** Whose word a step waits for: under a change, by its id, or for a chaincode's definition, as `dcloud 3`. */
export type AwaitedWord = {
  readonly kind: 'signatures' | 'approvals';
  readonly of: string;
  /** The orderer that the change takes out, `host:port`: whoever is asked for a word looks whose it is. */
  readonly address?: string;
  readonly given: readonly string[];
  /** The smallest groups any of which would be enough; one empty group: another member may submit it. None: nobody left can complete it. */
  readonly missing: readonly (readonly string[])[];
};

/** What is left of a step, 0 is done; whom it waits for, or why it cannot go on. */
export type StepLeft = { readonly remaining: number; readonly awaited?: AwaitedWord; readonly blocked?: string };

/** Runs a step; what Fabric or a rule says no to is told, not thrown: the other steps go on, and the step is asked for again. */
export async function told(remaining: number, run: () => Promise<StepLeft>): Promise<StepLeft> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { remaining, blocked: error.message };
  }
}
