import { pieces } from './stories.ts';

/** The pieces of an upload; at its middle something happens first. Tells when that is over, which may be after the upload failed, and throws where the upload ended before. */
export function disturbed(whole: Uint8Array, disturb: () => Promise<unknown>) {
  const over = Promise.withResolvers<unknown>();
  over.promise.catch(() => undefined);
  async function* bytes(): AsyncGenerator<Uint8Array> {
    let sent = 0;
    try {
      for await (const piece of pieces(whole)) {
        if (sent < whole.length / 2 && sent + piece.length >= whole.length / 2) {
          over.resolve(disturb());
          await over.promise;
        }
        sent += piece.length;
        yield piece;
      }
    } finally {
      over.reject(new Error('the upload ended before its middle'));
    }
  }
  return { bytes: bytes(), over: over.promise };
}
