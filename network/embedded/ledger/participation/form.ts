/** One part of a form; a file is one that bears a file name. */
export interface FormPart {
  readonly name: string;
  readonly isFile: boolean;
  readonly content: Buffer;
}

/** Reads a whole `multipart/form-data` body (RFC 7578) of at most `maxBytes`; throws Go's words for one that is none. */
export async function readForm(
  body: AsyncIterable<Buffer>,
  contentType: string,
  maxBytes: number,
): Promise<readonly FormPart[]> {
  const boundary = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType);
  const arrived: Buffer[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > maxBytes) throw new Error('http: request body too large');
    arrived.push(piece);
  }
  if (boundary === null) throw new Error('multipart: boundary is empty');
  return partsOf(Buffer.concat(arrived), boundary[1] ?? boundary[2]!);
}

function partsOf(bytes: Buffer, boundary: string): FormPart[] {
  const opening = Buffer.from(`--${boundary}`);
  const closing = Buffer.from(`\r\n--${boundary}`);
  let at = bytes.indexOf(opening);
  if (at < 0) throw new Error('multipart: NextPart: EOF');
  at += opening.length;
  const parts: FormPart[] = [];
  while (bytes.toString('latin1', at, at + 2) === '\r\n') {
    const headersEnd = bytes.indexOf('\r\n\r\n', at);
    const end = headersEnd < 0 ? -1 : bytes.indexOf(closing, headersEnd + 2);
    if (end < 0) throw new Error('multipart: NextPart: EOF');
    const headers = bytes.toString('utf8', at, headersEnd);
    const disposition = /^content-disposition:(.*)$/im.exec(headers)?.[1] ?? '';
    const name = /;\s*name="([^"]*)"/i.exec(disposition)?.[1];
    if (name !== undefined) {
      const content = bytes.subarray(headersEnd + 4, Math.max(headersEnd + 4, end));
      parts.push({ name, isFile: /;\s*filename=/i.test(disposition), content });
    }
    at = end + closing.length;
  }
  if (bytes.toString('latin1', at, at + 2) !== '--') throw new Error('multipart: NextPart: EOF');
  return parts;
}
