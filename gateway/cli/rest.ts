import { randomUUID } from 'node:crypto';

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
  readonly stream?: { readonly type: string; readonly name?: string; readonly bytes: AsyncIterable<Uint8Array> };
  readonly accept?: string;
  /** Given where a retry must find the first answer; a fresh one otherwise. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
};

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
    const request: RequestInit & { duplex?: 'half' } = { method, headers, ...(signal && { signal }) };
    if (body !== undefined) request.body = JSON.stringify(body);
    if (stream) {
      request.body = ReadableStream.from(stream.bytes);
      request.duplex = 'half';
    }
    const response = await fetch(`${this.address}/v1${path}`, request).catch((cause: unknown) => {
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
