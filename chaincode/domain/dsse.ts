/** DSSE 1.0.2 envelopes: https://github.com/secure-systems-lab/dsse. The chaincode reads one signature of a key that it knows. */
import type { KeyObject } from 'node:crypto';
import { parseUnambiguousJson } from './canonical-json.ts';
import { signatureHolds } from './digest.ts';
import { Refusal } from './refusal.ts';

/** What is signed: `DSSEv1`, the type and the payload with their byte lengths, separated by spaces. */
export function preAuthenticationEncoding(type: string, payload: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** Standard or URL-safe base64, with or without padding; anything else is refused. */
function decodeBase64(text: unknown, what: string): Uint8Array {
  const plain =
    typeof text === 'string' ? text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '') : undefined;
  const bytes = Buffer.from(plain ?? '', 'base64');
  if (plain === undefined || bytes.toString('base64').replace(/=+$/, '') !== plain) {
    throw new Refusal('ATTESTATION_INVALID', `${what} is not base64`);
  }
  return bytes;
}

/**
 * Verifies an envelope and gives its payload, parsed once from the bytes that were verified. Refuses with ATTESTATION_INVALID
 * an envelope that has another type, not exactly one signature, or one that the key did not make. `keyid` is only a hint.
 */
export function openEnvelope(envelope: Uint8Array, type: string, key: KeyObject): unknown {
  const { payload, payloadType, signatures } = readEnvelope(decodeText(envelope, 'the envelope'));
  if (payloadType !== type) throw new Refusal('ATTESTATION_INVALID', `the envelope's payload type is not ${type}`);
  if (!Array.isArray(signatures) || signatures.length !== 1) {
    throw new Refusal('ATTESTATION_INVALID', 'the envelope must carry exactly one signature');
  }
  const bytes = decodeBase64(payload, "the envelope's payload");
  const signature = decodeBase64((signatures[0] as { sig?: unknown } | null)?.sig, "the envelope's signature");
  if (!signatureHolds(key, preAuthenticationEncoding(type, bytes), signature)) {
    throw new Refusal('ATTESTATION_INVALID', "the envelope was not signed with the compute node's key");
  }
  return parseUnambiguousJson(decodeText(bytes, 'the statement'), 'the statement', 'ATTESTATION_INVALID');
}

function readEnvelope(text: string): { payload?: unknown; payloadType?: unknown; signatures?: unknown } {
  const value = parseUnambiguousJson(text, 'the envelope', 'ATTESTATION_INVALID');
  if (typeof value !== 'object' || value === null)
    throw new Refusal('ATTESTATION_INVALID', 'the envelope is not an object');
  return value;
}

function decodeText(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Refusal('ATTESTATION_INVALID', `${what} is not UTF-8`);
  }
}
