import { createHash, type Hash } from 'node:crypto';
import { Fault } from '@d-cloud/network/ledger';
import type { OpenedContent } from './open-content.ts';

/** A version as it lies at this moment. */
export type Lying = {
  /** Another one where its blocks are others or lie elsewhere. */
  readonly name: string;
  readonly open: () => Promise<OpenedContent>;
};

/** A version moves a few times in a row at most: resealed while it is being moved and shared anew. */
const mostMoves = 5;

/**
 * Opens a version wherever it lies when it is read: where that fails because it was sealed anew, moved or shared anew meanwhile, it is looked
 * for once more and read on from the byte where it broke off. What was given already is held against what comes: a Fault `corrupt` where they differ.
 * `find` says where it lies now and throws what must end the read, such as the refusal of a revoked grant.
 */
export async function openThroughResealing(find: () => Promise<Lying>, signal: AbortSignal): Promise<OpenedContent> {
  let lying = await find();
  let moves = 0;
  const openAgain = async (error: unknown): Promise<OpenedContent> => {
    for (let failure = error; ; ) {
      if (signal.aborted || !(failure instanceof Fault) || ++moves > mostMoves) throw failure;
      const now = await find();
      if (now.name === lying.name) throw failure;
      lying = now;
      try {
        return await now.open();
      } catch (again) {
        failure = again;
      }
    }
  };
  let content = await lying.open().catch(openAgain);
  async function* bytes(): AsyncGenerator<Uint8Array> {
    const given = createHash('sha256');
    for (let givenBytes = 0; ; ) {
      try {
        for await (const piece of after(givenBytes, given, content.bytes)) {
          given.update(piece);
          givenBytes += piece.length;
          yield piece;
        }
        return;
      } catch (error) {
        content = await openAgain(error);
      }
    }
  }
  const { mediaType, name } = content;
  return { mediaType, ...(name === undefined ? {} : { name }), bytes: bytes(), digest: () => content.digest() };
}

/** What comes after the bytes that were given before, which it must begin with. */
async function* after(givenBytes: number, given: Hash, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const expected = given.copy().digest();
  const again = createHash('sha256');
  let left = givenBytes;
  for await (const piece of content) {
    const known = piece.subarray(0, left);
    if (known.length > 0) {
      again.update(known);
      left -= known.length;
      if (left === 0 && Buffer.compare(again.digest(), expected) !== 0) throw differs();
    }
    if (piece.length > known.length) yield piece.subarray(known.length);
  }
  if (left > 0) throw differs();
}

function differs(): Fault {
  return new Fault('corrupt', 'The version was sealed anew with other content.', { retryable: false });
}
