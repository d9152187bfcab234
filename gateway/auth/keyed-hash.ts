import { createHmac } from 'node:crypto';

/** HMAC-SHA-256 under a secret over parts, each with its length, so that no two lists of parts give the same input. */
export function keyedHash(secret: Uint8Array): (...parts: readonly string[]) => Uint8Array {
  if (secret.length < 32) throw new RangeError('the organization secret needs at least 32 bytes');
  return (...parts) => {
    const mac = createHmac('sha256', secret);
    for (const part of parts) mac.update(`${Buffer.byteLength(part)}:`).update(part, 'utf8');
    return mac.digest();
  };
}
