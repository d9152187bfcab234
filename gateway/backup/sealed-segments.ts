import { createCipheriv, createDecipheriv } from 'node:crypto';
import { Fault } from '@d-cloud/network/ledger';

const segmentBytes = 64 * 1024;
const tagBytes = 16;

/**
 * Seals a stream under a key of its own: segments of 64 KiB, each AES-256-GCM with its number and whether it is the last in the nonce
 * (the STREAM construction, Hoang et al. 2015). So segments cannot be changed, left out, put in another order or cut off unseen.
 */
export async function* sealSegments(plain: AsyncIterable<Uint8Array>, key: Uint8Array): AsyncGenerator<Uint8Array> {
  let number = 0;
  for await (const { bytes, last } of split(plain, segmentBytes)) {
    const cipher = createCipheriv('aes-256-gcm', key, nonce(number++, last));
    yield Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  }
}

/** The mirror of {@link sealSegments}: what it yields is authentic, and all of it only when it ends without a Fault `corrupt`. */
export async function* openSegments(sealed: AsyncIterable<Uint8Array>, key: Uint8Array): AsyncGenerator<Uint8Array> {
  let number = 0;
  for await (const { bytes, last } of split(sealed, segmentBytes + tagBytes)) {
    if (bytes.length < tagBytes) throw torn();
    const decipher = createDecipheriv('aes-256-gcm', key, nonce(number++, last));
    decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
    const plain = decipher.update(bytes.subarray(0, bytes.length - tagBytes));
    try {
      decipher.final();
    } catch {
      throw torn();
    }
    yield plain;
  }
}

const torn = () => new Fault('corrupt', 'This backup was cut off or altered: nothing of it is used.');

function nonce(number: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeBigUInt64BE(BigInt(number), 3);
  bytes[11] = last ? 1 : 0;
  return bytes;
}

/** A stream in pieces of one size; the last one, which may be shorter, is known as such. An empty stream is one empty piece. */
async function* split(
  stream: AsyncIterable<Uint8Array>,
  sizeBytes: number,
): AsyncGenerator<{ readonly bytes: Buffer; readonly last: boolean }> {
  let kept: Uint8Array[] = [];
  let length = 0;
  for await (const piece of stream) {
    kept.push(piece);
    length += piece.length;
    if (length <= sizeBytes) continue;
    const all = Buffer.concat(kept);
    let at = 0;
    for (; all.length - at > sizeBytes; at += sizeBytes) yield { bytes: all.subarray(at, at + sizeBytes), last: false };
    kept = [all.subarray(at)];
    length = all.length - at;
  }
  yield { bytes: Buffer.concat(kept), last: true };
}
