import type { Proposal as ForeignProposal } from '@hyperledger/fabric-gateway';
import { callOptions } from './connection.ts';
import { EndorsedTransaction } from './endorsed-transaction.ts';
import type { Session } from './session.ts';
import { translate } from './translate.ts';

export interface CallRequest {
  /** Reaches the endorsers and never the ledger. */
  readonly transient?: Readonly<Record<string, Uint8Array | string>>;
  /** MSP ids of whose peers must answer; without it the peer decides by the endorsement policy. */
  readonly endorsingOrganizations?: readonly string[];
  readonly signal?: AbortSignal;
}

/** First stage: a call as its caller proposes it, under a transaction id of its own. */
export class Proposal {
  readonly #session: Session;
  readonly #foreign: ForeignProposal;
  readonly #what: string;
  readonly #signal: AbortSignal | undefined;

  constructor(session: Session, chaincode: string, transaction: string, args: readonly string[], request: CallRequest) {
    const { transient, endorsingOrganizations, signal } = request;
    this.#session = session;
    this.#what = transaction;
    this.#signal = signal;
    const contract = session.gateway.getNetwork(session.channel).getContract(chaincode);
    this.#foreign = contract.newProposal(transaction, {
      arguments: [...args],
      ...(transient === undefined ? {} : { transientData: { ...transient } }),
      ...(endorsingOrganizations === undefined ? {} : { endorsingOrganizations: [...endorsingOrganizations] }),
    });
  }

  get transactionId(): string {
    return this.#foreign.getTransactionId();
  }

  /** One peer's answer, unsigned and without effect. */
  async evaluate(): Promise<Uint8Array> {
    const { deadlines, readRefusal } = this.#session;
    try {
      return await this.#foreign.evaluate(callOptions(deadlines.evaluateMs, this.#signal));
    } catch (error) {
      this.#signal?.throwIfAborted();
      throw translate(error, `asking ${this.#what}`, readRefusal);
    }
  }

  /** Second stage: enough peers simulated it, agreed and signed; nothing is ordered yet. */
  async endorse(): Promise<EndorsedTransaction> {
    const { deadlines, readRefusal } = this.#session;
    try {
      const transaction = await this.#foreign.endorse(callOptions(deadlines.endorseMs, this.#signal));
      return new EndorsedTransaction(this.#session, transaction);
    } catch (error) {
      this.#signal?.throwIfAborted();
      throw translate(error, `endorsing ${this.#what}`, readRefusal);
    }
  }
}
