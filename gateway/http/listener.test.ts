import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { listen } from './listener.ts';

describe('a listener', () => {
  test('closes sockets that drip their headers, while others are served', async () => {
    await using listener = await listen((_request, response) => response.end('here'), {
      host: '127.0.0.1',
      port: 0,
      headersTimeoutMs: 200,
    });
    const { hostname, port } = new URL(listener.address);
    const drips = Array.from({ length: 50 }, () => connect(Number(port), hostname));
    const closed = Promise.all(drips.map((socket) => new Promise((resolve) => socket.resume().once('close', resolve))));
    for (const socket of drips) {
      socket.on('error', () => undefined);
      socket.write('GET / HTTP/1.1\r\nX-Slow: ');
    }
    const drip = setInterval(() => {
      for (const socket of drips) socket.write('x');
    }, 20);
    expect(await (await fetch(listener.address)).text()).toBe('here');
    await closed;
    clearInterval(drip);
  });

  test('when disposed takes no one in, finishes who is there, and then cuts who stays', async () => {
    const arrived = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const listener = await listen(
      async (request, response) => {
        arrived.resolve();
        if (request.url === '/stays') return;
        await finish.promise;
        response.end('finished');
      },
      { host: '127.0.0.1', port: 0, graceMs: 500 },
    );
    const inFlight = fetch(listener.address);
    const stays = fetch(`${listener.address}/stays`).catch(() => 'cut');
    await arrived.promise;
    const disposed = listener[Symbol.asyncDispose]();
    await expect(fetch(listener.address)).rejects.toThrow();
    finish.resolve();
    expect(await (await inFlight).text()).toBe('finished');
    await disposed;
    expect(await stays).toBe('cut');
  });

  test('says in one sentence when its port is taken', async () => {
    await using first = await listen(() => undefined, { host: '127.0.0.1', port: 0 });
    const port = Number(new URL(first.address).port);
    await expect(listen(() => undefined, { host: '127.0.0.1', port })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}`,
    );
  });

  test('refuses to serve others than this machine without TLS', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.org']) {
      await expect(listen(() => undefined, { host, port: 0 })).rejects.toMatchObject({ kind: 'misconfigured' });
    }
  });
});
