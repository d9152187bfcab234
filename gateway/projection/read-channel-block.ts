import { type DomainEvent, eventName } from '@d-cloud/chaincode/domain';
import { Fault, type LedgerBlock, validationCodes } from '@d-cloud/network/ledger';
import { configurationIn } from '@d-cloud/network/peers';
import { z } from 'zod';
import type { ChannelBlock, ChannelTransaction } from './channel-block.ts';

const events = z.array(z.looseObject({ kind: z.string() }));

/** Reads from a block what the projection needs. Fault `corrupt` when a valid transaction of the chaincode carries events nobody can read. */
export function readChannelBlock(block: LedgerBlock, chaincode: string): ChannelBlock {
  const configuration = configurationIn(block);
  return {
    ...(configuration !== undefined && { configuration }),
    number: block.number,
    hash: hex(block.hash),
    previousHash: hex(block.previousHash),
    transactions: block.transactions.map((transaction, index): ChannelTransaction => {
      const { id, creatorMspId, validationCode, timestamp, event } = transaction;
      const counts =
        transaction.chaincode === chaincode && validationCode === validationCodes.valid && event?.name === eventName;
      return {
        id: id === '' ? `${block.number}:${index}` : id,
        index,
        creator: creatorMspId,
        function: transaction.function,
        validation: validationNames.get(validationCode) ?? `CODE_${validationCode}`,
        time: timestamp.toISOString(),
        events: counts ? readEvents(event.payload, id) : [],
      };
    }),
  };
}

const validationNames = new Map<number, string>([
  [validationCodes.valid, 'VALID'],
  [validationCodes.duplicateTransactionId, 'DUPLICATE_TXID'],
  [validationCodes.endorsementPolicyFailure, 'ENDORSEMENT_POLICY_FAILURE'],
  [validationCodes.mvccReadConflict, 'MVCC_READ_CONFLICT'],
  [validationCodes.phantomReadConflict, 'PHANTOM_READ_CONFLICT'],
]);

function readEvents(payload: Uint8Array, transaction: string): readonly DomainEvent[] {
  try {
    // Endorsers agreed on these bytes by running our chaincode; its types say what they are.
    return events.parse(JSON.parse(Buffer.from(payload).toString('utf8'))) as unknown as DomainEvent[];
  } catch (cause) {
    throw new Fault('corrupt', `the events of transaction ${transaction} cannot be read`, { cause });
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
