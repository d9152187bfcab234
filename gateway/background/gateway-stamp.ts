import { canonicalBytes, type RequestStamp, sha256 } from '@d-cloud/chaincode/domain';

type KeyedHash = (...parts: readonly string[]) => Uint8Array;

/** Who signs what the gateway does by itself, as the ledger has it: hex. */
export function gatewayPerson(keyedHash: KeyedHash): string {
  return hex(keyedHash('person', 'gateway'));
}

/**
 * The stamp of what a part of the gateway does by itself. The same part, name and body give the same stamp, so that two tries, also of two
 * gateways of one organization, are one effect.
 */
export function gatewayStamp(
  keyedHash: KeyedHash,
  part: 'coordinator' | 'custody' | 'erasure' | 'resealer',
  name: string,
  body: unknown,
): RequestStamp {
  return { key: hex(keyedHash(part, name)), person: gatewayPerson(keyedHash), digest: sha256(canonicalBytes(body)) };
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
