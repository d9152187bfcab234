import { Fault } from './fault.ts';

/** Fabric's transaction validation codes that we act upon (fabric-protos peer/transaction.proto). */
export const validationCodes = {
  valid: 0,
  duplicateTransactionId: 9,
  endorsementPolicyFailure: 10,
  mvccReadConflict: 11,
  phantomReadConflict: 12,
} as const;

const names: Readonly<Record<number, string>> = {
  0: 'VALID',
  2: 'BAD_PAYLOAD',
  4: 'BAD_CREATOR_SIGNATURE',
  9: 'DUPLICATE_TXID',
  10: 'ENDORSEMENT_POLICY_FAILURE',
  11: 'MVCC_READ_CONFLICT',
  12: 'PHANTOM_READ_CONFLICT',
  18: 'INVALID_CHAINCODE',
  20: 'INVALID_WRITESET',
  25: 'INVALID_OTHER_REASON',
};

/** Whether the same request, endorsed again under a new id, may become valid. */
export function isContention(code: number): boolean {
  return code === validationCodes.mvccReadConflict || code === validationCodes.phantomReadConflict;
}

/** The fault that a transaction with this code means; its effects are none. */
export function invalidTransaction(transactionId: string, code: number): Fault {
  const name = names[code] ?? `code ${code}`;
  const message = `transaction ${transactionId} was ordered but not valid: ${name}`;
  return new Fault(isContention(code) ? 'contended' : 'misconfigured', message);
}
