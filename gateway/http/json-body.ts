import type { IncomingMessage } from 'node:http';
import { Rejection } from './problem.ts';
import { JsonRefused, parseStrictJson } from './strict-json.ts';

const maxBodyBytes = 1024 * 1024;
const bodyTimeoutMs = 10_000;

/** Says whether a request brings a body at all. */
export function bringsBody({ headers }: IncomingMessage): boolean {
  return (headers['content-length'] ?? '0') !== '0' || headers['transfer-encoding'] !== undefined;
}

/** Reads a JSON body: `application/json`, no content encoding, at most 1 MiB, in at most 10 s. Throws `Rejection`. */
export async function readJsonBody(incoming: IncomingMessage): Promise<unknown> {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = incoming.headers;
  if (encoding !== 'identity')
    throw new Rejection('MEDIA_TYPE_UNSUPPORTED', 'JSON bodies are taken without a content encoding only.');
  if (!/^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i.test(type)) {
    throw new Rejection('MEDIA_TYPE_UNSUPPORTED', 'This operation takes application/json.');
  }
  const bytes = await readBounded(incoming);
  try {
    return parseStrictJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    const errors = error instanceof JsonRefused ? [{ pointer: error.pointer, detail: error.message }] : [];
    throw new Rejection('BODY_INVALID', errors[0]?.detail ?? 'The body is not UTF-8.', { errors });
  }
}

/** Refuses a body where none is taken, so that nothing is read unchecked. */
export function refuseBody(incoming: IncomingMessage): void {
  if (bringsBody(incoming)) {
    throw new Rejection('BODY_INVALID', 'This operation takes no body.', { headers: { Connection: 'close' } });
  }
}

async function readBounded(incoming: IncomingMessage): Promise<Uint8Array> {
  const tooLarge = () =>
    new Rejection('BODY_TOO_LARGE', `A JSON body may have ${maxBodyBytes} bytes.`, {
      headers: { Connection: 'close' },
    });
  if (Number(incoming.headers['content-length'] ?? 0) > maxBodyBytes) throw tooLarge();
  const pieces: Uint8Array[] = [];
  let size = 0;
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new Rejection('BODY_TIMEOUT', 'The body did not arrive in 10 s.', { headers: { Connection: 'close' } }));
  }, bodyTimeoutMs);
  const whole = (async () => {
    // Left open on an early end, so that the answer can still be written to the socket.
    for await (const piece of incoming.iterator({ destroyOnReturn: false })) {
      size += (piece as Uint8Array).length;
      if (size > maxBodyBytes) throw tooLarge();
      pieces.push(piece as Uint8Array);
    }
    return Buffer.concat(pieces);
  })();
  try {
    return await Promise.race([whole, promise]);
  } finally {
    clearTimeout(timer);
    whole.catch(() => undefined);
  }
}
