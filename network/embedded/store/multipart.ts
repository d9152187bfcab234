/** The body is not multipart, ends too early, or one file is larger than allowed. The texts are Kubo's. */
export class MultipartError extends Error {
  override readonly name = 'MultipartError';
}

const maxHeaderBytes = 8 * 1024;

/** The boundary of a `multipart/form-data` content type, or nothing when it is something else (RFC 7578, RFC 2046 §5.1.1). */
export function boundaryOf(contentType: string | undefined): string | undefined {
  const match = /^multipart\/form-data\b.*?;\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,70}))/i.exec(contentType ?? '');
  return match?.[1] ?? match?.[2];
}

/**
 * The files of a `multipart/form-data` body, one after the other, each whole in memory and at most `maxFileBytes` long.
 * @throws MultipartError
 */
export async function* filesOf(
  body: AsyncIterable<Buffer>,
  boundary: string,
  { maxFileBytes, tooLarge }: { readonly maxFileBytes: number; readonly tooLarge: string },
): AsyncGenerator<Buffer> {
  const source = new Source(body);
  const opening = Buffer.from(`--${boundary}`);
  const closing = Buffer.from(`\r\n--${boundary}`);
  await source.upTo(opening, maxHeaderBytes, 'multipart: NextPart: EOF');
  for (let first = true; await source.nextPart(); first = false) {
    await source.upTo(Buffer.from('\r\n\r\n'), maxHeaderBytes, first ? 'multipart: NextPart: EOF' : 'unexpected EOF');
    yield await source.upTo(closing, maxFileBytes, 'unexpected EOF', tooLarge);
  }
}

class Source {
  readonly #pieces: AsyncIterator<Buffer>;
  #ahead: Buffer = Buffer.alloc(0);

  constructor(body: AsyncIterable<Buffer>) {
    this.#pieces = body[Symbol.asyncIterator]();
  }

  /** Takes everything before `delimiter`, and the delimiter itself. */
  async upTo(
    delimiter: Buffer,
    maxBytes: number,
    atEnd: string,
    tooLong = 'multipart: header too long',
  ): Promise<Buffer> {
    const taken: Buffer[] = [];
    let takenBytes = 0;
    for (;;) {
      const at = this.#ahead.indexOf(delimiter);
      // What could be the beginning of a delimiter stays for the next turn.
      const sure = at >= 0 ? at : Math.max(0, this.#ahead.length - delimiter.length + 1);
      takenBytes += sure;
      if (takenBytes > maxBytes) throw new MultipartError(tooLong);
      if (sure > 0) taken.push(this.#ahead.subarray(0, sure));
      this.#ahead = this.#ahead.subarray(at >= 0 ? at + delimiter.length : sure);
      if (at >= 0) return taken.length === 1 ? taken[0]! : Buffer.concat(taken, takenBytes);
      if (!(await this.#more())) throw new MultipartError(atEnd);
    }
  }

  /** After a boundary: whether another part follows (`CRLF`) or the body is over (`--`). */
  async nextPart(): Promise<boolean> {
    while (this.#ahead.length < 2) if (!(await this.#more())) throw new MultipartError('unexpected EOF');
    const mark = this.#ahead.subarray(0, 2).toString('latin1');
    if (mark === '--') return false;
    if (mark !== '\r\n') throw new MultipartError('multipart: expecting a new Part');
    // The empty line after the headers is found from here, so that a part without headers is one too.
    return true;
  }

  async #more(): Promise<boolean> {
    const next = await this.#pieces.next();
    if (next.done) return false;
    this.#ahead = this.#ahead.length === 0 ? next.value : Buffer.concat([this.#ahead, next.value]);
    return true;
  }
}
