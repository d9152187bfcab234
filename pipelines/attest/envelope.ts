import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { keyIdOf, preAuthenticationEncoding, signatureHolds } from '@d-cloud/chaincode/domain';

/** A DSSE 1.0.2 envelope: payload and signatures in base64. https://github.com/secure-systems-lab/dsse */
export interface Envelope {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly keyid?: string; readonly sig: string }[];
}

/** Signs bytes with one key; `keyId` is the SHA-256 of its SPKI DER, a hint for whoever verifies. */
export interface Signer {
  readonly keyId: string;
  sign(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** The order of P-256's group. */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** A signer with a P-256 private key: ECDSA over SHA-256, DER, with the lower of the two values of s, as Fabric wants it. */
export function p256Signer(privateKey: KeyObject): Signer {
  if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new RangeError('envelopes are signed with P-256 keys');
  return {
    keyId: keyIdOf(createPublicKey(privateKey)),
    sign: (bytes) => lowS(sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
  };
}

function lowS(signature: Uint8Array): Uint8Array {
  const r = Buffer.from(signature.subarray(0, 32));
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString('hex')}`);
  const low = s > order / 2n ? order - s : s;
  const integers = Buffer.concat([derInteger(r), derInteger(Buffer.from(low.toString(16).padStart(64, '0'), 'hex'))]);
  return Buffer.concat([Uint8Array.of(0x30, integers.length), integers]);
}

function derInteger(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = bytes.subarray(first < 0 ? 31 : first);
  const sign = (digits[0] ?? 0) >= 0x80 ? [0] : [];
  return Buffer.concat([Uint8Array.of(0x02, digits.length + sign.length, ...sign), digits]);
}

/** Signs a payload with one or more keys. */
export async function signEnvelope(
  payloadType: string,
  payload: Uint8Array,
  signers: readonly Signer[],
): Promise<Envelope> {
  if (signers.length === 0) throw new RangeError('an envelope has at least one signature');
  const bytes = preAuthenticationEncoding(payloadType, payload);
  const signatures = await Promise.all(
    signers.map(async (signer) => ({
      keyid: signer.keyId,
      sig: Buffer.from(await signer.sign(bytes)).toString('base64'),
    })),
  );
  return { payload: Buffer.from(payload).toString('base64'), payloadType, signatures };
}

/** An envelope does not hold: it is malformed, has another type, or too few of the trusted keys signed it. */
export class EnvelopeInvalid extends Error {
  override readonly name = 'EnvelopeInvalid';
}

const maxPayloadCharacters = 16 * 1024 * 1024;
const maxSignatures = 32;

/** Reads an envelope from foreign JSON, ignoring members it does not know, as DSSE asks. EnvelopeInvalid otherwise. */
export function readEnvelope(value: unknown): Envelope {
  if (typeof value !== 'object' || value === null) throw new EnvelopeInvalid('an envelope is an object');
  const { payload, payloadType, signatures } = value as Record<string, unknown>;
  if (typeof payload !== 'string' || payload.length > maxPayloadCharacters)
    throw new EnvelopeInvalid('it has no payload');
  if (typeof payloadType !== 'string' || payloadType.length > 256) throw new EnvelopeInvalid('it has no payload type');
  if (!Array.isArray(signatures) || signatures.length === 0 || signatures.length > maxSignatures)
    throw new EnvelopeInvalid(`it has 1 to ${maxSignatures} signatures`);
  return {
    payload,
    payloadType,
    signatures: signatures.map((signature: unknown) => {
      const { keyid, sig } = (signature ?? {}) as Record<string, unknown>;
      if (typeof sig !== 'string' || sig.length > 1024) throw new EnvelopeInvalid('a signature has no bytes');
      return typeof keyid === 'string' ? { keyid, sig } : { sig };
    }),
  };
}

export interface VerifiedEnvelope {
  /** The very bytes that were signed: read these, never the envelope again. */
  readonly payload: Uint8Array;
  /** SHA-256 of the SPKI DER of every trusted key that signed. */
  readonly keyIds: readonly string[];
}

/**
 * Checks that at least `threshold` of the trusted keys signed an envelope of this type. Unique keys are counted, not
 * signatures, and `keyid` is not believed. Base64 may be standard or URL-safe. EnvelopeInvalid otherwise.
 */
export function verifyEnvelope(
  envelope: Envelope,
  payloadType: string,
  trusted: readonly KeyObject[],
  threshold = 1,
): VerifiedEnvelope {
  if (!Number.isInteger(threshold) || threshold < 1) throw new RangeError(`no threshold: ${threshold}`);
  if (envelope.payloadType !== payloadType) throw new EnvelopeInvalid(`its payload type is not ${payloadType}`);
  const payload = fromBase64(envelope.payload);
  const bytes = preAuthenticationEncoding(payloadType, payload);
  const keys = new Map(trusted.map((key) => [keyIdOf(key), key]));
  const signed = new Set<string>();
  for (const { sig } of envelope.signatures) {
    const signature = fromBase64(sig);
    for (const [keyId, key] of keys) if (!signed.has(keyId) && signatureHolds(key, bytes, signature)) signed.add(keyId);
  }
  if (signed.size < threshold)
    throw new EnvelopeInvalid(`${signed.size} of ${threshold} needed trusted keys signed it`);
  return { payload, keyIds: [...signed] };
}

function fromBase64(text: string): Uint8Array {
  const plain = text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
  const bytes = Buffer.from(plain, 'base64');
  if (bytes.toString('base64').replace(/=+$/, '') !== plain) throw new EnvelopeInvalid('it is not base64');
  return bytes;
}
