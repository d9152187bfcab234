import { ConfigEnvelope, ConfigUpdateEnvelope, Envelope, Payload } from '../../ledger/messages/index.ts';
import { parseBlock } from '../../ledger/verify/block-hash.ts';

/** The update (`common.ConfigUpdate` bytes) that a config block carries out; undefined for a genesis block. */
export function carriedUpdate(configBlock: Uint8Array): Uint8Array | undefined {
  const [envelope] = parseBlock(configBlock).envelopes;
  const payload = Payload.decode(Envelope.decode(envelope ?? new Uint8Array(0)).payload);
  const { lastUpdate } = ConfigEnvelope.decode(payload.data);
  if (lastUpdate === undefined || lastUpdate.payload.length === 0) return undefined;
  return ConfigUpdateEnvelope.decode(Payload.decode(lastUpdate.payload).data).configUpdate;
}
