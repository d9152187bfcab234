import { Envelope, Timestamp } from './block.ts';
import { bool, bytes, bytesList, bytesMap, int, list, message, nested, string, uint } from './message.ts';

/** Proposals, endorsements and transactions (fabric-protos peer/*.proto). */
export const SignedProposal = message({ proposal: bytes(1), signature: bytes(2) });
export const Proposal = message({ header: bytes(1), payload: bytes(2), extension: bytes(3) });

export const ChaincodeId = message({ path: string(1), name: string(2), version: string(3) });
export const ChaincodeHeaderExtension = message({ chaincodeId: nested(2, () => ChaincodeId) });
export const ChaincodeInput = message({ args: bytesList(1), decorations: bytesMap(2), isInit: bool(3) });
export const ChaincodeSpec = message({
  type: uint(1),
  chaincodeId: nested(2, () => ChaincodeId),
  input: nested(3, () => ChaincodeInput),
  timeout: int(4),
});
export const ChaincodeInvocationSpec = message({ chaincodeSpec: nested(1, () => ChaincodeSpec) });
export const ChaincodeProposalPayload = message({ input: bytes(1), transientMap: bytesMap(2) });

export const Response = message({ status: int(1), message: string(2), payload: bytes(3) });
export const Endorsement = message({ endorser: bytes(1), signature: bytes(2) });
export const ProposalResponse = message({
  version: int(1),
  timestamp: nested(2, () => Timestamp),
  response: nested(4, () => Response),
  payload: bytes(5),
  endorsement: nested(6, () => Endorsement),
});
export const ProposalResponsePayload = message({ proposalHash: bytes(1), extension: bytes(2) });
export const ChaincodeAction = message({
  results: bytes(1),
  events: bytes(2),
  response: nested(3, () => Response),
  chaincodeId: nested(4, () => ChaincodeId),
});
export const ChaincodeEvent = message({
  chaincodeId: string(1),
  txId: string(2),
  eventName: string(3),
  payload: bytes(4),
});

export const TransactionAction = message({ header: bytes(1), payload: bytes(2) });
export const Transaction = message({ actions: list(1, () => TransactionAction) });
export const ChaincodeEndorsedAction = message({
  proposalResponsePayload: bytes(1),
  endorsements: list(2, () => Endorsement),
});
export const ChaincodeActionPayload = message({
  chaincodeProposalPayload: bytes(1),
  action: nested(2, () => ChaincodeEndorsedAction),
});
export const ProcessedTransaction = message({ transactionEnvelope: nested(1, () => Envelope), validationCode: int(2) });
