import { pieces } from './stories.ts';

/** The pieces of an upload; at its middle something happens first. Tells when that is over, which may be after the upload failed. */
export function disturbed(whole: Uint8Array, disturb: () => Promise<unknown>) {
  const over = Promise.withResolvers<unknown>();
  async function* bytes(): AsyncGenerator<Uint8Array> {
    let sent = 0;
    for await (const piece of pieces(whole)) {
      if (sent < whole.length / 2 && sent + piece.length >= whole.length / 2) {
        over.resolve(disturb());
        await over.promise;
      }
      sent += piece.length;
      yield piece;
    }
  }
  return { bytes: bytes(), over: over.promise };
}
