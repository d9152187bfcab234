import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { findIpfs, startKubo } from '../../processes/kubo/index.ts';
import { startStorageNodes } from './index.ts';

const token = 'a-token-of-the-tests';
const zeros = 'bafkreignadrjfrmxbu6f4lyp7jixdzkvxrdl7rh23x5uuqmlnbalq3tzum';
const missing = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy';

type Body = 'none' | 'zeros' | 'two files' | '2 MiB' | '2 MiB + 1' | 'torn' | 'garbage';
type Exchange = readonly [request: string, status: number, answer: string, body?: Body];

const error = (message: string) => `{"Message":${JSON.stringify(message)},"Code":0,"Type":"error"}\n`;
const notHere = error(`block was not found locally (offline): ipld: could not find ${missing}`);
const badName = error('invalid path "notacid": path does not have enough components');
const tooLarge = error(
  "produced block is over 2MiB: big blocks can't be exchanged with other peers. consider using UnixFS for automatic chunking of bigger files, or pass --allow-big-block to override",
);

/** What Kubo 0.41 answers, in this order, to these requests. */
const script: readonly Exchange[] = [
  ['block/put?cid-codec=raw&mhtype=sha2-256', 200, `{"Key":"${zeros}","Size":100}\n`, 'zeros'],
  ['block/put', 200, `{"Key":"${zeros}","Size":100}\n`, 'zeros'],
  [
    'block/put',
    200,
    `{"Key":"${zeros}","Size":100}\n{"Key":"bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku","Size":0}\n`,
    'two files',
  ],
  ['block/put', 200, '{"Key":"bafkreicwi7yf5qmjlckh2muhj3vxrd5ds2qf2c5lpqnxd4isz236tmy65y","Size":2097152}\n', '2 MiB'],
  ['block/put', 500, tooLarge, '2 MiB + 1'],
  ['block/put', 400, "file argument 'data' is required\n"],
  ['block/put', 500, error('unexpected EOF'), 'torn'],
  ['block/put', 500, error('multipart: NextPart: EOF'), 'garbage'],
  ['block/put?mhtype=bogus', 500, error('unrecognized multihash function: bogus'), 'zeros'],
  [`block/get?arg=${zeros}&offline=true`, 200, '\0'.repeat(100)],
  [`block/get?arg=/ipfs/${zeros}&offline=true`, 200, '\0'.repeat(100)],
  [`block/stat?arg=${zeros}&offline=true`, 200, `{"Key":"${zeros}","Size":100}\n`],
  ['block/get', 400, 'argument "cid" is required\n'],
  ['block/get?arg=notacid', 500, badName],
  ['block/get?arg=', 500, error('invalid path "": path does not have enough components')],
  [`block/get?arg=${missing}&offline=true`, 500, notHere],
  [
    `block/get?arg=${missing}&offline=bogus`,
    400,
    'could not convert value "bogus" to type "bool" (for option "-offline")\n',
  ],
  [`block/stat?arg=${missing}&offline=true`, 500, notHere],
  ['block/rm', 400, 'argument "cid" is required\n'],
  ['block/rm?arg=notacid', 500, badName],
  [`block/rm?arg=${missing}`, 200, `{"Hash":"${missing}","Error":"ipld: could not find ${missing}"}\n`],
  [`block/rm?arg=${missing}&force=true`, 200, `{"Hash":"${missing}"}\n`],
  ['pin/add', 400, 'argument "ipfs-path" is required\n'],
  [
    `pin/add?arg=${missing}&offline=true`,
    500,
    error(`pin: block was not found locally (offline): ipld: could not find ${missing}`),
  ],
  [`pin/add?arg=${zeros}&recursive=false`, 200, `{"Pins":["${zeros}"]}\n`],
  [`block/rm?arg=${zeros}`, 200, `{"Hash":"${zeros}","Error":"pinned: direct"}\n`],
  [`pin/ls?arg=${zeros}&type=recursive`, 500, error(`path '${zeros}' is not pinned`)],
  [`pin/add?arg=${zeros}`, 200, `{"Pins":["${zeros}"]}\n`],
  [`pin/add?arg=${zeros}&recursive=false`, 500, error(`pin: ${zeros} already pinned recursively`)],
  [`pin/ls?arg=${zeros}`, 200, `{"Keys":{"${zeros}":{"Type":"recursive","Name":""}}}\n`],
  [`pin/ls?arg=${missing}`, 500, error(`path '${missing}' is not pinned`)],
  ['pin/ls?type=direct', 200, '{}\n'],
  ['pin/ls?type=bogus', 500, error("invalid type 'bogus', must be one of {direct, indirect, recursive, all}")],
  [`block/rm?arg=${zeros}`, 200, `{"Hash":"${zeros}","Error":"pinned: recursive"}\n`],
  [`pin/rm?arg=${zeros}&recursive=false`, 500, error(`${zeros} is pinned recursively`)],
  [`pin/rm?arg=${zeros}`, 200, `{"Pins":["${zeros}"]}\n`],
  [`pin/rm?arg=${zeros}`, 500, error('not pinned or pinned indirectly')],
  [`block/rm?arg=${zeros}&quiet=true`, 200, ''],
  [`block/rm?arg=${zeros}&arg=${missing}&force=true`, 200, `{"Hash":"${zeros}"}\n{"Hash":"${missing}"}\n`],
  ['swarm/peers', 200, '{"Peers":null}\n'],
  ['repo/gc?silent=true', 200, ''],
  ['block/bogus', 404, '404 page not found\n'],
];

const ipfs = await findIpfs({ searchPath: process.env.PATH ?? '' }).catch(() => undefined);

answers(describe, 'an embedded storage node', async (directory) => {
  const { nodes, ...store } = await startStorageNodes({
    nodes: [{ id: 's1', directory, port: 0, token }],
    capacityBytes: 2 ** 30,
  });
  return { address: nodes[0]!.address, ...store };
});

answers(
  ipfs ? describe : describe.skip,
  ipfs ? 'Kubo itself' : 'Kubo (left out: there is no ipfs on PATH)',
  (directory) =>
    startKubo({ id: 'k1', binary: ipfs!, directory: join(directory, 'kubo'), port: 0, token, capacityBytes: 2 ** 30 }),
);

function answers(
  describeIt: typeof describe.skip,
  name: string,
  start: (directory: string) => Promise<AsyncDisposable & { readonly address: string }>,
): void {
  describeIt(`the RPC of ${name}`, () => {
    let directory: string;
    let node: AsyncDisposable & { readonly address: string };
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'd-cloud-answers-'));
      node = await start(directory);
    });
    afterAll(async () => {
      await node[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    });

    test('answers every request with the status and the bytes that Kubo 0.41 answers', async () => {
      for (const [request, status, answer, body = 'none'] of script) {
        const response = await ask(node.address, request, { body });
        expect([request, response.status, await response.text()]).toEqual([request, status, answer]);
      }
    });

    test('lets nobody in without the token, nobody from a browser, and nothing but POST', async () => {
      const refused = [
        await fetch(`${node.address}/api/v0/id`, { method: 'POST' }),
        await ask(node.address, 'id', { headers: { Authorization: 'Bearer another-token-here' } }),
      ];
      for (const response of refused) {
        expect(response.status).toBe(403);
        expect(await response.text()).toMatch(/^Kubo RPC Access Denied/);
      }
      expect((await ask(node.address, 'id', { headers: { Origin: 'http://evil.example' } })).status).toBe(403);
      expect((await ask(node.address, 'id', { headers: { 'User-Agent': 'Mozilla/5.0' } })).status).toBe(403);
      expect((await ask(node.address, 'id', { method: 'GET' })).status).toBe(405);
      expect((await ask(node.address, 'id', {})).status).toBe(200);
    });
  });
}

function ask(
  address: string,
  request: string,
  { body = 'none', headers = {}, method = 'POST' }: { body?: Body; headers?: Record<string, string>; method?: string },
): Promise<Response> {
  const sent: RequestInit = { method, headers: { Authorization: `Bearer ${token}`, ...headers } };
  const bytes = bodyOf(body);
  if (bytes) {
    sent.body = bytes;
    sent.headers = { ...sent.headers, 'Content-Type': 'multipart/form-data; boundary=edge' };
  }
  return fetch(`${address}/api/v0/${request}`, sent);
}

function bodyOf(body: Body): Buffer<ArrayBuffer> | undefined {
  const file = (length: number) =>
    Buffer.concat([
      Buffer.from('--edge\r\nContent-Disposition: form-data; name="file"\r\n\r\n'),
      Buffer.alloc(length),
      Buffer.from('\r\n'),
    ]);
  const end = Buffer.from('--edge--\r\n');
  switch (body) {
    case 'none':
      return undefined;
    case 'zeros':
      return Buffer.concat([file(100), end]);
    case 'two files':
      return Buffer.concat([file(100), file(0), end]);
    case '2 MiB':
      return Buffer.concat([file(2_097_152), end]);
    case '2 MiB + 1':
      return Buffer.concat([file(2_097_153), end]);
    case 'torn':
      return Buffer.from('--edge\r\nContent-Disposition: form-data; name="file"\r\n\r\nabc');
    case 'garbage':
      return Buffer.from('garbage');
  }
}
