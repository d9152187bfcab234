import { randomBytes } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { cidOf, maxBlockBytes } from './cid.ts';
import { OwnNode } from './own-node.ts';

/** What listens where a storage node should be: it answers by path as a test says and keeps the URLs it was asked. */
type Answers = Readonly<Record<string, (response: ServerResponse) => void>>;

const token = 'a-secret-that-stays';
const block = randomBytes(1000);
const cid = cidOf(block);
let asked: URL[];
let answers: Answers;
let node: OwnNode;
const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://x');
  asked.push(url);
  request.resume().on('end', () => (answers[url.pathname] ?? ((other) => other.writeHead(404).end()))(response));
});

beforeEach(async () => {
  asked = [];
  answers = {};
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  node = new OwnNode({ id: 's1', address, token, patience: { tries: 2, firstPauseMs: 1, random: () => 0 } });
});

afterEach(async () => {
  await node[Symbol.asyncDispose]();
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

const json =
  (value: unknown, status = 200) =>
  (response: ServerResponse) =>
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(`${JSON.stringify(value)}\n`);
const bytes = (body: Buffer) => (response: ServerResponse) => response.end(body);

test('every read and probe stays on the node, so that it cannot answer from the disk of another', async () => {
  answers = {
    '/api/v0/block/put': json({ Key: cid, Size: block.length }),
    '/api/v0/block/get': bytes(block),
    '/api/v0/block/stat': json({ Key: cid, Size: block.length }),
  };
  await node.put(cid, block);
  await node.get(cid);
  await node.stat(cid);
  const reads = asked.filter(({ pathname }) => !pathname.endsWith('/put'));
  expect(reads).toHaveLength(3);
  expect(reads.every(({ searchParams }) => searchParams.get('offline') === 'true')).toBe(true);
});

test('an unverified get passes other bytes on and asks just once', async () => {
  const lie = randomBytes(1000);
  answers = { '/api/v0/block/get': bytes(lie) };
  expect(lie.equals(await node.getUnverified(cid, { into: new Uint8Array(1000) }))).toBe(true);
  expect(asked).toHaveLength(1);
});

test('a valid block for another CID is corrupt', async () => {
  answers = { '/api/v0/block/get': bytes(randomBytes(1000)) };
  await expect(node.get(cid)).rejects.toMatchObject({ kind: 'corrupt' });
});

test('a put that is confirmed and cannot be read back as it was is no put, and it is tried once to heal it', async () => {
  answers = {
    '/api/v0/block/put': json({ Key: cid, Size: block.length }),
    '/api/v0/block/get': bytes(block.subarray(0, 999)),
    '/api/v0/block/rm': json({ Hash: cid }),
  };
  await expect(node.put(cid, block)).rejects.toMatchObject({ kind: 'corrupt' });
  expect(asked.map(({ pathname }) => pathname.slice('/api/v0/block/'.length))).toEqual([
    'put',
    'get',
    'rm',
    'put',
    'get',
  ]);
});

test('a put that is filed under another CID is corrupt', async () => {
  answers = { '/api/v0/block/put': json({ Key: cidOf(Buffer.from('other')), Size: 5 }) };
  await expect(node.put(cid, block)).rejects.toMatchObject({ kind: 'corrupt' });
});

test('an answer without end is cut off at the size of a block', async () => {
  let sent = 0;
  answers = {
    '/api/v0/block/get': (response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent += 65_536;
      };
      response.on('drain', more);
      more();
    },
  };
  await expect(node.get(cid)).rejects.toMatchObject({ kind: 'corrupt' });
  expect(sent).toBeLessThan(20 * maxBlockBytes);
});

test('a stranger at the address is misconfigured, whatever it says, and never learns to be tried again', async () => {
  await expect(node.get(cid)).rejects.toMatchObject({ kind: 'misconfigured' });
  expect(asked).toHaveLength(1);
  answers = { '/api/v0/block/put': bytes(Buffer.from('<html>hello</html>')) };
  await expect(node.put(cid, block)).rejects.toMatchObject({ kind: 'corrupt' });
});

test('a fault is tried again, and no error shows the token', async () => {
  let turn = 0;
  answers = {
    '/api/v0/block/get': (response) => (turn++ === 0 ? response.destroy() : response.end(block)),
  };
  expect((await node.get(cid)).equals(block)).toBe(true);
  answers = { '/api/v0/block/get': json({ Message: 'merkledag: something new', Code: 0, Type: 'error' }, 500) };
  const error = await node.get(cid).catch((cause: unknown) => cause);
  expect(error).toMatchObject({ kind: 'unavailable', message: 'storage node s1 answered: merkledag: something new' });
  expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain(token);
});

test('a connection that the node closed while it was kept costs no error', async () => {
  answers = { '/api/v0/block/get': bytes(block) };
  await node.get(cid);
  server.closeIdleConnections();
  expect((await node.get(cid)).equals(block)).toBe(true);
});
