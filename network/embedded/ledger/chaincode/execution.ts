import type { Simulation } from '../engine/simulation.ts';
import type { ChaincodeEvent, ChaincodeInput, SignedProposal } from '../wire/proposal.ts';

/** Whether the creator of a proposal may read and write a collection's plaintext. */
export interface CollectionAccess {
  readonly read: boolean;
  readonly write: boolean;
}

/** How a chaincode's transaction ended. */
export interface Outcome {
  /** False: the chaincode could not end it; `payload` is then its text. */
  readonly completed: boolean;
  /** The `Response` as it came. */
  readonly payload: Buffer;
  readonly event: ChaincodeEvent | undefined;
}

/** One transaction to be run by one chaincode on one endorser's stream. */
export interface Execution {
  readonly channelId: string;
  readonly txId: string;
  readonly namespace: string;
  readonly input: Buffer;
  /** Whether the chaincode is initialized and not invoked. */
  readonly initializes: boolean;
  readonly proposal: SignedProposal;
  readonly simulation: Simulation;
  /** Throws Fabric's words for a collection that does not exist. */
  access(collection: string): CollectionAccess;
  /** Runs another chaincode inside the same simulation. */
  invoke(chaincode: string, input: ChaincodeInput): Promise<Outcome>;
}
