import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type RequestOptions, request } from 'node:https';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { enrol, type OrdererAdmin } from '../../../admin/index.ts';
import { sha256 } from '../msp/signature.ts';
import { ChannelWorld } from '../testing/channel-world.ts';
import { Block } from '../wire/envelope.ts';

const base = '/participation/v1/channels';
let world: ChannelWorld;
let genesis: Buffer;
let caller: OrdererAdmin;

beforeAll(async () => {
  world = await ChannelWorld.start();
  genesis = await world.genesis('first');
  caller = world.participation('A');
});
afterAll(() => world[Symbol.asyncDispose]());

interface Answer {
  readonly status: number;
  readonly allow: string | undefined;
  readonly body: unknown;
}

async function call(method: string, path: string, options: RequestOptions = {}, body?: Uint8Array): Promise<Answer> {
  const [host, port] = caller.address.split(':');
  const tls = { ca: [...caller.tlsRoots], cert: caller.certificate, key: caller.key, servername: 'localhost' };
  const sent = request({ host, port, method, path: `${base}${path}`, agent: false, ...tls, ...options });
  sent.end(body);
  const [response] = await once(sent, 'response');
  const told = await text(response);
  const { statusCode, headers } = response;
  return { status: statusCode, allow: headers.allow, body: told === '' ? undefined : JSON.parse(told) };
}

/** Sends a form of these parts: the name of each, a file name for files, and its content. */
function post(...parts: readonly (readonly [name: string, file: string | undefined, content: Uint8Array])[]) {
  const boundary = randomBytes(8).toString('hex');
  const body = parts.map(([name, file, content]) => {
    const fileName = file === undefined ? '' : `; filename="${file}"`;
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${fileName}\r\n\r\n`;
    return Buffer.concat([Buffer.from(head), content, Buffer.from('\r\n')]);
  });
  const whole = Buffer.concat([...body, Buffer.from(`--${boundary}--\r\n`)]);
  return call('POST', '', { headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } }, whole);
}
const join = (block: Uint8Array) => post(['config-block', 'config.block', block]);
const failed = (status: number, error: string | RegExp) => ({
  status,
  body: { error: typeof error === 'string' ? error : expect.stringMatching(error) },
});

function altered(change: (block: Block) => object): Buffer {
  const block = Block.decode(genesis);
  return Block.encode({ ...block, ...change(block) });
}

describe('channel participation refuses', () => {
  test.each([
    ['bytes that are no block', () => randomBytes(100), /^cannot unmarshal file part config-block into a block: proto/],
    ['an empty block', () => Buffer.alloc(0), 'invalid join block: block is not a config block'],
    [
      'a block of two transactions',
      () => altered(({ data }) => ({ data: { data: [...data!.data, ...data!.data] } })),
      'invalid join block: block is not a config block',
    ],
    [
      'a block without metadata',
      () => altered(() => ({ metadata: undefined })),
      'invalid join block: invalid block: does not have metadata',
    ],
    [
      'a half-made block, whose data is not what its header says',
      () => altered(({ header }) => ({ header: { ...header, dataHash: randomBytes(32) } })),
      'invalid join block: invalid block: Header.DataHash is different from Hash(block.Data)',
    ],
    [
      'a later block of a channel that nobody here knows',
      () => altered(({ header }) => ({ header: { ...header, number: 7 } })),
      /^cannot join: no orderer or peer of this process has joined channel first yet.*: join with block 0$/,
    ],
    [
      'a config block without configuration',
      () =>
        altered(({ header, data }) => {
          const envelope = data!.data[0]!.subarray(0, 0);
          return { header: { ...header, dataHash: sha256(envelope) }, data: { data: [envelope] } };
        }),
      'invalid join block: block is not a config block',
    ],
  ])('%s', async (_, block, error) => {
    expect(await join(block())).toMatchObject(failed(400, error));
    expect(await call('GET', '')).toMatchObject({ status: 200, body: { systemChannel: null, channels: null } });
  });

  test('forms that are none, lack the block, or hold more', async () => {
    const typed = (type: string) => call('POST', '', { headers: { 'content-type': type } }, Buffer.from('{}'));
    expect(await typed('application/json')).toMatchObject(failed(400, 'unsupported Content-Type: [application/json]'));
    expect(await typed('multipart/form-data; boundary=xyz')).toMatchObject(
      failed(400, 'cannot read form from request body: multipart: NextPart: EOF'),
    );
    expect(await post(['other', 'x', genesis])).toMatchObject(
      failed(400, 'form does not contains part key: config-block'),
    );
    expect(await post(['config-block', undefined, genesis])).toMatchObject(
      failed(400, 'form does not contains part key: config-block'),
    );
    expect(await post(['config-block', 'x', genesis], ['config-block', 'y', genesis])).toMatchObject(
      failed(400, 'form contains too many parts'),
    );
  });

  test('a body of more than a megabyte', async () => {
    expect(await join(Buffer.alloc(1 << 20))).toMatchObject(
      failed(400, 'cannot read form from request body: http: request body too large'),
    );
  });

  test('methods, names and answers that it does not have', async () => {
    expect(await call('PATCH', '')).toEqual({
      ...failed(405, 'invalid request method: PATCH'),
      allow: 'GET, POST',
    });
    expect(await call('POST', '/first')).toEqual({
      ...failed(405, 'invalid request method: POST'),
      allow: 'GET, DELETE',
    });
    expect(await call('GET', '/No%20Channel')).toMatchObject(
      failed(400, "invalid channel ID: 'No Channel' contains illegal characters"),
    );
    expect(await call('GET', '/%E0%A4%A')).toMatchObject({ status: 400 });
    expect(await call('GET', '/nowhere')).toMatchObject(failed(404, 'channel does not exist'));
    expect(await call('DELETE', '/nowhere')).toMatchObject(failed(404, 'cannot remove: channel does not exist'));
    expect(await call('GET', '', { headers: { accept: 'text/html' } })).toMatchObject(
      failed(406, 'response Content-Type is application/json only'),
    );
  });

  test('callers without a certificate of the own organization, before it reads anything', async () => {
    const foreign = world.participation('A', 'B');
    await expect(call('GET', '', { cert: undefined, key: undefined })).rejects.toThrow(/certificate required/i);
    await expect(call('GET', '', { cert: foreign.certificate, key: foreign.key })).rejects.toThrow();
  });
});

describe('channel participation', () => {
  test('lets an orderer join once, says how it takes part, and lets it leave', async () => {
    const info = { name: 'first', url: `${base}/first`, consensusRelation: 'consenter', status: 'active', height: 1 };
    expect(await join(genesis)).toMatchObject({ status: 201, body: info });
    expect(await join(genesis)).toEqual({
      ...failed(405, 'cannot join: channel already exists'),
      allow: 'GET, DELETE',
    });
    const channels = [{ name: 'first', url: `${base}/first` }];
    expect(await call('GET', '')).toMatchObject({ status: 200, body: { systemChannel: null, channels } });
    expect(await call('GET', '/first')).toMatchObject({ status: 200, body: info });
    expect(await call('DELETE', '/first')).toMatchObject({ status: 204, body: undefined });
    expect(await call('GET', '/first')).toMatchObject({ status: 404 });
  });
});

describe('the ledger with orderers refuses to start', () => {
  test.each(['address', 'adminAddress'] as const)('where a stranger listens on an %s', async (which) => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    await world.end();
    const organizations = world.config.organizations.map((each, i) =>
      i === 1 ? { ...each, orderer: { ...each.orderer!, [which]: `127.0.0.1:${port}` } } : each,
    );
    await expect(world.begin({ organizations })).rejects.toThrow(`already listens on 127.0.0.1:${port}`);
    taken.close();
    await world.begin();
  });

  test('with a certificate that has ended', async () => {
    await world.end();
    const minute = 60_000;
    const { organization } = world.member('A');
    const then = new Date(Date.now() - 5 * minute);
    const { mspDirectory, tlsDirectory } = await enrol(
      organization,
      { name: 'old', role: 'peer', days: 4 / 1440 },
      then,
    );
    const certificate = `${mspDirectory}/signcerts/cert.pem`;
    const [first, ...others] = world.config.organizations;
    const signing = { ...first!, certificate, key: `${mspDirectory}/keystore/priv_sk` };
    await expect(world.begin({ organizations: [signing, ...others] })).rejects.toThrow(
      /cert.pem, the certificate with which A signs, ended on .*Z: renew it, then start again.$/,
    );
    const serving = { ...first!, tls: { certificate: `${tlsDirectory}/cert.pem`, key: `${tlsDirectory}/key.pem` } };
    await expect(world.begin({ organizations: [serving, ...others] })).rejects.toThrow(
      /cert.pem, the certificate by which TLS callers know the ledger, ended on .*Z: renew it, then start again.$/,
    );
    await world.begin();
  });

  test('without anybody to sign blocks, or without knowing an organization', async () => {
    await world.end();
    const bare = world.config.organizations.map(({ orderer: _, ...each }) => each);
    await expect(world.begin({ organizations: bare })).rejects.toThrow(/wrong at "orderer": no orderer signs blocks/);
    const rootless = world.config.organizations.map(({ rootCertificates: _, ...each }) => each);
    await expect(world.begin({ organizations: rootless })).rejects.toThrow(
      'A needs "rootCertificates", its certificate authority: no channel is configured that would name it.',
    );
    await expect(world.begin({ channel: 'first' })).rejects.toThrow(
      /wrong at "genesisBlock": a channel and its genesis block are named together/,
    );
    await world.begin();
  });
});
