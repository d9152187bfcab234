import {
  type Agent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Fault } from '../ledger/fault.ts';

/** One request with a bounded answer. `body` pieces are sent as they are, without being joined first. */
export interface HttpQuestion {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: readonly Uint8Array[];
  readonly agent: Agent;
  /** An answer longer than this is cut off at the first byte too many. */
  readonly maxBytes: number;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Takes the pieces of a successful answer as they come; its body is then not collected. */
  readonly take?: ((piece: Buffer) => void) | undefined;
  /** Who is asked, for the sentences of faults. */
  readonly asked: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * Asks over HTTP/1.1 or HTTPS on a kept connection, once more when the kept connection turned out to be closed: all that the store asks can be asked twice.
 * @throws Fault timeout, unavailable or corrupt (an answer longer than declared or allowed); the signal's reason when the caller gave up
 */
export async function exchange(question: HttpQuestion): Promise<HttpAnswer> {
  const { asked, deadlineMs, signal } = question;
  signal?.throwIfAborted();
  // One controller per exchange: signals made by AbortSignal.any stay with a signal that lives as long as an upload.
  const ending = new AbortController();
  const giveUp = () => ending.abort(signal?.reason);
  signal?.addEventListener('abort', giveUp, { once: true });
  const late = () => ending.abort(new Fault('timeout', `${asked} did not answer within ${deadlineMs} ms`));
  const timer = setTimeout(late, deadlineMs);
  try {
    return await askedTwiceAtMost(question, ending.signal);
  } catch (cause) {
    throw ending.signal.aborted ? ending.signal.reason : cause;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}

async function askedTwiceAtMost(question: HttpQuestion, signal: AbortSignal): Promise<HttpAnswer> {
  for (let attempt = 1; ; attempt++) {
    const state = { reusedSocket: false };
    try {
      return await once(question, signal, state);
    } catch (cause) {
      if (cause instanceof Fault || (cause as NodeJS.ErrnoException).code === undefined) throw cause;
      if (attempt === 1 && state.reusedSocket && isClosedConnection(cause)) continue;
      if (isUntrusted(cause)) {
        throw new Fault('misconfigured', `${question.asked} shows no certificate that we trust`, { cause });
      }
      throw new Fault('unavailable', `${question.asked} cannot be reached`, { cause });
    }
  }
}

function once(question: HttpQuestion, signal: AbortSignal, state: { reusedSocket: boolean }): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const { method, url, agent, body } = question;
  const headers: Record<string, string | number> = { ...question.headers };
  if (body) headers['Content-Length'] = body.reduce((sum, piece) => sum + piece.length, 0);
  const options: RequestOptions = { method, agent, headers, signal };
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options);
  request.on('response', (response) => collect(response, question).then(resolve, reject));
  request.on('error', (cause) => {
    state.reusedSocket = request.reusedSocket;
    reject(cause);
  });
  for (const piece of body ?? []) request.write(piece);
  request.end();
  return promise;
}

function collect(response: IncomingMessage, { maxBytes, asked, method, take }: HttpQuestion): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const refuse = (kind: 'corrupt' | 'unavailable', sentence: string) => {
    reject(new Fault(kind, `${asked} ${sentence}`));
    response.destroy();
  };
  const declared = method === 'HEAD' ? 0 : Number(response.headers['content-length'] ?? Number.NaN);
  // One buffer for the whole answer: joining pieces costs as much as hashing them. Its unused end is never touched.
  let body: Buffer | undefined;
  let bytes = 0;
  if (declared > maxBytes) refuse('corrupt', `announced ${declared} bytes, more than the ${maxBytes} allowed`);
  response.on('data', (piece: Buffer) => {
    if (bytes + piece.length > maxBytes) return refuse('corrupt', `sent more than the ${maxBytes} bytes allowed`);
    if (take && response.statusCode === 200) take(piece);
    // Copied, so that the body is nobody else's memory and may be handed to another thread.
    else if (bytes === 0 && piece.length < 1024)
      body = Buffer.from(piece.buffer.slice(piece.byteOffset, piece.byteOffset + piece.length));
    else {
      if (bytes === 0) body = Buffer.allocUnsafeSlow(Number.isNaN(declared) ? maxBytes : declared);
      else if (body!.length < bytes + piece.length) body = Buffer.concat([body!.subarray(0, bytes)], maxBytes);
      piece.copy(body!, bytes);
    }
    bytes += piece.length;
  });
  response.on('end', () => {
    if (!response.complete) return refuse('unavailable', 'broke off its answer');
    const { statusCode: status = 0, headers } = response;
    resolve({ status, headers, body: body ? body.subarray(0, bytes) : Buffer.alloc(0) });
  });
  response.on('error', reject);
  return promise;
}

function isClosedConnection(cause: unknown): boolean {
  return ['ECONNRESET', 'EPIPE', 'ECONNABORTED'].includes((cause as NodeJS.ErrnoException).code ?? '');
}

/** OpenSSL's and Node's codes for a certificate chain or name that does not hold. */
function isUntrusted(cause: unknown): boolean {
  const { code = '' } = cause as NodeJS.ErrnoException;
  return /^(UNABLE_TO_|CERT_|SELF_SIGNED|DEPTH_ZERO|ERR_TLS_CERT|INVALID_CA|HOSTNAME_MISMATCH)/.test(code);
}
