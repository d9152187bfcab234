import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Problem, RestClient, Unreachable } from './rest.ts';

let server: Server;
const servers: Server[] = [];
afterEach(() => {
  for (const one of servers.splice(0)) {
    one.close();
    one.closeAllConnections();
  }
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A gateway that answers as told, and a client of it. */
async function gateway(answer: Answer): Promise<RestClient> {
  server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return new RestClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'dck_x_y');
}

const json = (response: ServerResponse, status: number, body: unknown, type = 'application/json') =>
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));

describe('asking a gateway', () => {
  test('carries the key, and an idempotency key of its own with every write', async () => {
    const seen: IncomingMessage[] = [];
    const rest = await gateway((request, response) => {
      seen.push(request);
      json(response, 200, { path: request.url });
    });
    expect(await rest.call('GET', '/grants')).toEqual({ path: '/v1/grants' });
    await rest.call('POST', '/grants', { body: {} });
    await rest.call('POST', '/grants', { body: {} });
    await rest.call('POST', '/grants', { body: {}, idempotencyKey: 'mine' });
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(Array(4).fill('Bearer dck_x_y'));
    const [read, first, second, given] = seen.map(({ headers }) => headers['idempotency-key']);
    expect(read).toBeUndefined();
    expect(first).not.toBe(second);
    expect(given).toBe('mine');
  });

  test('throws what a problem says, also one that came with a status of success', async () => {
    const rest = await gateway((request, response) =>
      json(
        response,
        request.url === '/v1/sent' ? 202 : 404,
        { code: request.url === '/v1/sent' ? 'COMMIT_UNKNOWN' : 'NOT_FOUND', detail: 'so it is', retryable: true },
        'application/problem+json',
      ),
    );
    await expect(rest.call('GET', '/nothing')).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 });
    const sent = await rest.call('POST', '/sent', { body: {} }).catch((error: unknown) => error);
    expect(sent).toBeInstanceOf(Problem);
    expect(sent).toMatchObject({ code: 'COMMIT_UNKNOWN', status: 202, retryable: true, message: 'so it is' });
  });

  test('tells the beginning of an answer that is no problem document', async () => {
    const rest = await gateway((_, response) => response.writeHead(502).end(`<html>${'x'.repeat(2_000)}`));
    const error = await rest.call('GET', '/x').catch((thrown: unknown) => thrown as Problem);
    expect(error).toMatchObject({ code: 'HTTP_502', retryable: false });
    expect((error as Problem).message).toHaveLength(500);
  });

  test('reads a list page by page to its end', async () => {
    const asked: string[] = [];
    const rest = await gateway((request, response) => {
      asked.push(request.url ?? '');
      json(
        response,
        200,
        asked.length < 3 ? { items: [asked.length], next: `c&${asked.length}` } : { items: [3], next: null },
      );
    });
    expect(await Array.fromAsync(rest.list('/datasets?query=x'))).toEqual([1, 2, 3]);
    expect(asked).toEqual([
      '/v1/datasets?query=x',
      '/v1/datasets?query=x&cursor=c%261',
      '/v1/datasets?query=x&cursor=c%262',
    ]);
  });

  describe('over a connection that the gateway closes before it answers', () => {
    /** Closes the first connections that bring a request, and answers all later ones. */
    async function closing(connections: number) {
      const seen: { method?: string; key?: string | string[] | undefined; body: string }[] = [];
      const rest = await gateway(async (request, response) => {
        if (seen.length < connections) {
          seen.push({ method: request.method ?? '', key: request.headers['idempotency-key'], body: '' });
          request.socket.destroy();
          return;
        }
        const pieces = await Array.fromAsync(request).catch(() => []);
        const body = Buffer.concat(pieces).toString();
        seen.push({ method: request.method ?? '', key: request.headers['idempotency-key'], body });
        json(response, 200, { attempts: seen.length });
      });
      return { rest, seen };
    }

    test('reads again, and writes again under the same key', async () => {
      const reading = await closing(1);
      expect(await reading.rest.call('GET', '/grants')).toEqual({ attempts: 2 });
      const { rest, seen } = await closing(2);
      expect(await rest.call('POST', '/grants', { body: { note: 'x' } })).toEqual({ attempts: 3 });
      expect(new Set(seen.map(({ key }) => key)).size).toBe(1);
      expect(seen.at(-1)?.body).toBe('{"note":"x"}');
    });

    test('sends an upload again that can be read again, from its start', async () => {
      const { rest, seen } = await closing(1);
      async function* bytes() {
        yield Buffer.from('first ');
        yield Buffer.from('second');
      }
      await rest.call('POST', '/versions', { stream: { type: 'application/x-tar', bytes } });
      expect(seen.at(-1)?.body).toBe('first second');
      const once = await closing(1);
      const upload = { stream: { type: 'application/x-tar', bytes: bytes() } };
      await expect(once.rest.call('POST', '/versions', upload)).rejects.toThrow(Unreachable);
    });

    test('does not send an upload again that was lost in its middle', async () => {
      let begun = 0;
      const rest = await gateway((request) => {
        let bytes = 0;
        request.on('data', (piece: Buffer) => {
          bytes += piece.length;
          if (bytes > 2 ** 21) request.socket.destroy();
        });
      });
      async function* bytes() {
        begun++;
        for (let piece = 0; piece < 64; piece++) {
          yield Buffer.alloc(2 ** 18);
          await setImmediate();
        }
      }
      const lost = rest.call('POST', '/versions', { stream: { type: 'application/x-tar', bytes } });
      await expect(lost).rejects.toThrow(Unreachable);
      expect(begun).toBe(1);
    });

    test('gives up a gateway that closes every one', async () => {
      const { rest, seen } = await closing(100);
      await expect(rest.call('GET', '/grants')).rejects.toThrow(Unreachable);
      expect(seen).toHaveLength(3);
    });
  });

  test('names the gateway that does not answer, and passes on the abort of who no longer waits', async () => {
    const rest = await gateway(() => undefined);
    const giveUp = new AbortController();
    const waiting = rest.call('GET', '/x', { signal: giveUp.signal });
    giveUp.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    await expect(rest.call('GET', '/x')).rejects.toThrow(Unreachable);
    await expect(rest.call('GET', '/x')).rejects.toThrow(/127\.0\.0\.1.*dcloud status/);
  });
});
