import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

/** An answer of the gateway that is not a success, as its problem document (RFC 9457) tells it. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly code: string;
  readonly retryable: boolean;

  constructor(status: number, document: { title?: string; detail?: string; code?: string; retryable?: boolean }) {
    super(document.detail ?? document.title ?? `HTTP ${status}`);
    this.status = status;
    this.code = document.code ?? `HTTP_${status}`;
    this.retryable = document.retryable ?? false;
  }
}

/** The gateway did not answer at all. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

export type RestOptions = {
  readonly body?: unknown;
  readonly stream?: {
    readonly type: string;
    readonly name?: string;
    /** A function can be asked again where the first connection was lost at once. */
    readonly bytes: AsyncIterable<Uint8Array> | (() => AsyncIterable<Uint8Array>);
  };
  readonly accept?: string;
  /** Given where a retry must find the first answer; a fresh one otherwise. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
};

type Upload = NonNullable<RestOptions['stream']>['bytes'];

const mostRepeats = 2;
/** Long enough to notice which other connections were closed as well. */
const repeatAfterMs = 100;
/** What systems take into their buffers before they notice that the other side is gone; whoever sent more was in the middle. */
const lostAtOnceBytes = 1024 * 1024;

/** One attempt to send a body piece by piece. */
class Sending {
  readonly #bytes: Upload;
  #sentBytes = 0;

  constructor(bytes: Upload) {
    this.#bytes = bytes;
  }

  get repeatable(): boolean {
    return typeof this.#bytes === 'function' && this.#sentBytes <= lostAtOnceBytes;
  }

  body(): { readonly body: ReadableStream; readonly duplex: 'half' } {
    return { body: ReadableStream.from(this.#pieces()), duplex: 'half' };
  }

  async *#pieces(): AsyncGenerator<Uint8Array> {
    for await (const piece of typeof this.#bytes === 'function' ? this.#bytes() : this.#bytes) {
      this.#sentBytes += piece.length;
      yield piece;
    }
  }
}

/** Says whether a connection broke, as opposed to one that could not be made. */
function wasLost(error: unknown): boolean {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } };
  return ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(String(cause?.code));
}

/** One gateway's REST interface under one API key. */
export class RestClient {
  readonly address: string;
  readonly #apiKey: string;

  constructor(address: string, apiKey: string) {
    this.address = address;
    this.#apiKey = apiKey;
  }

  /** Sends one request and answers its JSON. Throws {@link Problem} for anything but a success. */
  async call<T>(method: string, path: string, options: RestOptions = {}): Promise<T> {
    const response = await this.open(method, path, options);
    return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
  }

  /** Sends one request and answers the response whose body is still to be read. */
  async open(method: string, path: string, options: RestOptions = {}): Promise<Response> {
    const { body, stream, accept, idempotencyKey, signal } = options;
    const headers: Record<string, string> = {
      authorization: `Bearer ${this.#apiKey}`,
      accept: accept ?? 'application/json',
    };
    if (method !== 'GET') headers['idempotency-key'] = idempotencyKey ?? randomUUID();
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (stream) {
      headers['content-type'] = stream.type;
      if (stream.name)
        headers['content-disposition'] = `attachment; filename*=UTF-8''${encodeURIComponent(stream.name)}`;
    }
    const request: RequestInit = { method, headers, ...(signal && { signal }) };
    if (body !== undefined) request.body = JSON.stringify(body);
    const response = await this.#send(`${this.address}/v1${path}`, request, stream?.bytes).catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw new Unreachable(`The gateway at ${this.address} does not answer: is the network up? Try: dcloud status`, {
        cause,
      });
    });
    // A write whose commit is not known yet is answered 202 with a problem: it is no success.
    const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') === true;
    if (response.ok && !isProblem) return response;
    const text = await response.text();
    throw new Problem(response.status, parseProblem(text));
  }

  /**
   * A gateway closes connections that were idle for a while, and may do so just when the next request goes out on one. Nothing was
   * answered then, and a read, or a write under its idempotency key, is sent again.
   */
  async #send(url: string, request: RequestInit, bytes: Upload | undefined): Promise<Response> {
    for (let repeats = 0; ; repeats++) {
      const upload = bytes === undefined ? undefined : new Sending(bytes);
      try {
        return await fetch(url, upload === undefined ? request : { ...request, ...upload.body() });
      } catch (error) {
        if (repeats >= mostRepeats || !wasLost(error) || upload?.repeatable === false) throw error;
        await pause(repeatAfterMs);
      }
    }
  }

  /** All items of a list, page by page. */
  async *list<T>(path: string, signal?: AbortSignal): AsyncGenerator<T> {
    let cursor: string | undefined;
    do {
      const separator = path.includes('?') ? '&' : '?';
      const page: { items: T[]; next?: string | null } = await this.call(
        'GET',
        cursor ? `${path}${separator}cursor=${encodeURIComponent(cursor)}` : path,
        { ...(signal && { signal }) },
      );
      yield* page.items;
      cursor = page.next ?? undefined;
    } while (cursor);
  }
}

function parseProblem(text: string): { title?: string; detail?: string; code?: string; retryable?: boolean } {
  try {
    return JSON.parse(text);
  } catch {
    return { detail: text.slice(0, 500) };
  }
}
