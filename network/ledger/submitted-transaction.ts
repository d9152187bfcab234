import { callOptions } from './connection.ts';
import { CommitStatusRequest, SignedCommitStatusRequest } from './messages/index.ts';
import type { Session } from './session.ts';
import { translate } from './translate.ts';
import { validationCodes } from './validation-codes.ts';

/** Last stage: in a block, with what all peers decided about it. */
export interface CommittedTransaction {
  readonly transactionId: string;
  readonly blockNumber: number;
  /** Fabric's validation code; 0 is valid, anything else has no effect. */
  readonly validationCode: number;
  readonly valid: boolean;
}

/** Third stage: sent to an orderer; its block is awaited, also by somebody who only knows the id. */
export class SubmittedTransaction {
  readonly #session: Session;
  readonly transactionId: string;

  constructor(session: Session, transactionId: string) {
    this.#session = session;
    this.transactionId = transactionId;
  }

  /** Waits at most `ms` for the block at our own peer; a Fault of kind timeout says only that it was not seen. */
  async committed(ms: number, signal?: AbortSignal): Promise<CommittedTransaction> {
    const { gateway, signatory, channel, readRefusal } = this.#session;
    const { transactionId } = this;
    const request = CommitStatusRequest.encode({ transactionId, channelId: channel, identity: signatory.creator });
    const commit = gateway.newSignedCommit(SignedCommitStatusRequest.encode({ request }), signatory.sign(request));
    try {
      const status = await commit.getStatus(callOptions(ms, signal));
      return {
        transactionId,
        blockNumber: Number(status.blockNumber),
        validationCode: status.code,
        valid: status.code === validationCodes.valid,
      };
    } catch (error) {
      signal?.throwIfAborted();
      throw translate(error, `waiting for the block of transaction ${transactionId}`, readRefusal);
    }
  }
}
