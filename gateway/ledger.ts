/** The ledger as handlers see it: transactions by name with typed bodies; the result is back when the block is committed and projected. */
import {
  type EvaluateName,
  type Evaluates,
  Refusal,
  type RequestStamp,
  type SubmitName,
  type Submits,
} from '@d-cloud/chaincode/domain';
import type { LedgerRole } from './config.ts';

/** A committed transaction: VALID at the own peer, in the read model. */
export type Submitted<N extends SubmitName> = {
  readonly transaction: string;
  readonly block: number;
  readonly result: Submits[N]['result'];
};

export type SubmitOptions = {
  /** Fields that travel beside the proposal and never on the channel. */
  readonly transient?: Readonly<Record<string, Uint8Array>>;
  /** MSP ids of the organizations that must endorse, where the policy's own choice does not do. */
  readonly endorsingOrganizations?: readonly string[];
  readonly signal?: AbortSignal;
};

export type EvaluateOptions = {
  /** Answer from any organization's peer when the own one is away. Never for decisions. */
  readonly anyPeer?: boolean;
  readonly signal?: AbortSignal;
};

/** Throws `Refusal` when the chaincode says no and `Fault` when machinery fails. */
export type GatewayLedger = {
  submit<N extends SubmitName>(
    name: N,
    body: Submits[N]['body'],
    stamp: RequestStamp,
    options?: SubmitOptions,
  ): Promise<Submitted<N>>;
  /** Asks the own organization's peer, unless `anyPeer` is given. */
  evaluate<N extends EvaluateName>(
    name: N,
    body: Evaluates[N]['body'],
    options?: EvaluateOptions,
  ): Promise<Evaluates[N]['result']>;
  /** The same ledger, signing with another role's certificate. Fault `misconfigured` when the gateway holds none. */
  as(role: LedgerRole): GatewayLedger;
};

/** What was asked of the ledger, or nothing where it refuses because there is no such thing. */
export async function absentOr<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Refusal && error.kind === 'absent') return undefined;
    throw error;
  }
}
