import { readSync, writeSync } from 'node:fs';
import { encodeFrame, type Frame, readFrameLengths } from './frame.ts';

/** The child answers on its own descriptor, so that nothing a library prints can get between two frames. */
const answerDescriptor = 3;

/** Waits for the next frame on standard input; nothing when our side has closed it. Blocks: a child has nothing else to do. */
export function readFrame<Header>(): Frame<Header> | undefined {
  const lengths = Buffer.allocUnsafe(8);
  if (!fill(lengths)) return undefined;
  const { headerBytes, bodyBytes } = readFrameLengths(lengths);
  const header = Buffer.allocUnsafe(headerBytes);
  const body = Buffer.allocUnsafeSlow(bodyBytes);
  if (!fill(header) || !fill(body)) return undefined;
  return { header: JSON.parse(header.toString('utf8')) as Header, body };
}

/** Writes one frame to our side and returns when the pipe has taken all of it. */
export function writeFrame(header: unknown, body: readonly Uint8Array[] = []): void {
  for (const piece of encodeFrame(header, body)) {
    for (let at = 0; at < piece.byteLength; ) {
      at += writeSync(answerDescriptor, piece, at, piece.byteLength - at);
    }
  }
}

function fill(target: Uint8Array): boolean {
  for (let at = 0; at < target.byteLength; ) {
    const read = readSync(0, target, at, target.byteLength - at, null);
    if (read === 0) return false;
    at += read;
  }
  return true;
}
