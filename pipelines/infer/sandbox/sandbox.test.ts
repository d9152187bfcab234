import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { ProbeAnswer, ProbeRequest } from './probe.ts';
import { Sandbox, SandboxDeath, sandboxConfinement } from './sandbox.ts';

const limits = { memoryBytes: 1 << 30, heapBytes: 256 << 20 };
const entry = new URL('./probe.js', import.meta.url);

async function ask<Header>(sandbox: Sandbox, request: ProbeRequest, body: Uint8Array[] = [], deadlineMs = 20_000) {
  const answer = sandbox.receive<Header>(deadlineMs);
  const [frame] = await Promise.all([answer, sandbox.send(request, body)]);
  return frame;
}

/** What the child's descriptors point at, seen from outside. */
function descriptorLinks(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).map((descriptor) => readlinkSync(`/proc/${pid}/fd/${descriptor}`));
}

describe('a sandboxed child', () => {
  test('sees no environment, no files of ours, no network and no descriptors but its pipes', async () => {
    process.env.CANARY_SECRET = 'a secret of the parent';
    const file = join(mkdtempSync(join(tmpdir(), 'canary-')), 'key.pem');
    writeFileSync(file, 'a key of the parent', { mode: 0o600 });
    const held = openSync(file, 'r');
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await using sandbox = new Sandbox(entry, limits);
    const { header } = await ask<ProbeAnswer>(sandbox, { kind: 'look', file, port });
    const links = descriptorLinks(sandbox.pid as number);
    server.close();
    closeSync(held);
    expect(links.length).toBeGreaterThan(3);
    expect(links.filter((link) => !/^(socket|pipe|anon_inode):|^\/(dev\/null|proc)/.test(link))).toEqual([]);
    expect(header.environment).toEqual([]);
    expect(header.descriptors.filter((descriptor) => Number(descriptor) <= 3)).toEqual(['0', '1', '2', '3']);
    expect(header.read).toBe('ERR_ACCESS_DENIED');
    expect(header.write).toBe('ERR_ACCESS_DENIED');
    expect(header.start).toBe('ERR_ACCESS_DENIED');
    const { network, identity } = sandboxConfinement();
    expect(header.connect).toMatch(network === 'namespace' ? /^E(NETUNREACH|CONNREFUSED)$/ : /^done$/);
    if (identity === 'nobody') expect(header.uid).toBe(65_534);
  });

  test('gives bodies of many megabytes back unchanged', async () => {
    await using sandbox = new Sandbox(entry, limits);
    const bytes = Buffer.alloc(20 << 20, 'abcdefg');
    const { header, body } = await ask<{ sizeBytes: number }>(sandbox, { kind: 'echo' }, [
      bytes.subarray(0, 5),
      bytes.subarray(5),
    ]);
    expect(header.sizeBytes).toBe(bytes.byteLength);
    expect(bytes.equals(body)).toBe(true);
  });

  test('is killed at the deadline when it hangs, and says so', async () => {
    await using sandbox = new Sandbox(entry, limits);
    await ask(sandbox, { kind: 'echo' });
    const { pid } = sandbox;
    await expect(ask(sandbox, { kind: 'hang' }, [], 300)).rejects.toThrow('no answer in 300 ms');
    expect(sandbox.alive).toBe(false);
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  });

  test('dies of its memory limit without taking anything else with it', async () => {
    await using sandbox = new Sandbox(entry, limits);
    await expect(ask(sandbox, { kind: 'hog' })).rejects.toBeInstanceOf(SandboxDeath);
  });

  test('that crashes is a death with its last words, not a fault of ours', async () => {
    await using sandbox = new Sandbox(entry, limits);
    await expect(ask(sandbox, { kind: 'crash' })).rejects.toBeInstanceOf(SandboxDeath);
  });

  test('is gone, with its directory, when it is disposed or the caller gives up', async () => {
    const sandbox = new Sandbox(entry, limits);
    await ask(sandbox, { kind: 'echo' });
    const { pid } = sandbox;
    await sandbox[Symbol.asyncDispose]();
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    await using other = new Sandbox(entry, limits);
    await ask(other, { kind: 'echo' });
    const signal = AbortSignal.timeout(100);
    await other.send({ kind: 'hang' });
    await expect(other.receive(20_000, signal)).rejects.toThrow(/abort|timeout/i);
  });
});
