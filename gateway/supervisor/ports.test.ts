import { once } from 'node:events';
import { createServer } from 'node:net';
import { isFree } from '@d-cloud/network/processes/program';
import { expect, test } from '@jest/globals';
import { freePorts } from './ports.ts';

test('free ports are looked for upwards, past those that others hold', async () => {
  const stranger = createServer().listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  const { port } = stranger.address() as { port: number };
  try {
    expect(await isFree(port)).toBe(false);
    const found = await freePorts(3, port);
    expect(found).toHaveLength(3);
    expect(found).not.toContain(port);
    expect(found).toEqual(found.toSorted((a, b) => a - b));
    for (const one of found) expect(one).toBeGreaterThan(port);
  } finally {
    stranger.close();
    await once(stranger, 'close');
  }
  expect(await isFree(port)).toBe(true);
});

test('where there are not enough ports left, their number is said', async () => {
  await expect(freePorts(3, 65_534)).rejects.toThrow(/of 3 free ports/);
});
