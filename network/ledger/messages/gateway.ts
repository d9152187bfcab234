import { Envelope } from './block.ts';
import { bytes, message, nested, string } from './message.ts';

/** What we read and sign ourselves of Fabric's gateway service (fabric-protos gateway/gateway.proto). */
export const PreparedTransaction = message({ transactionId: string(1), envelope: nested(2, () => Envelope) });
export const CommitStatusRequest = message({ transactionId: string(1), channelId: string(2), identity: bytes(3) });
export const SignedCommitStatusRequest = message({ request: bytes(1), signature: bytes(2) });
