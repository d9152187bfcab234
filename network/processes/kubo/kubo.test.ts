import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startStorageNodes } from '../../embedded/store/index.ts';
import { cidOf, OwnNode } from '../../store/index.ts';
import { startProgram, takePorts } from '../program/index.ts';
import { findIpfs, type KuboNodeInit, kuboProgram, startKubo } from './index.ts';
import { privateConfig, publicConfig } from './kubo-config.ts';
import { Stranger } from './testing/index.ts';

const token = 'a-token-of-the-tests';
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'd-cloud-kubo-'));
});

afterEach(async () => await rm(directory, { recursive: true, force: true }));

test('a missing ipfs program is said in a sentence that tells where to get it', async () => {
  await expect(findIpfs({ searchPath: '' })).rejects.toThrow(
    /^There is no ipfs program on PATH\. The Kubo project publishes it/,
  );
  await expect(findIpfs({ directory, searchPath: '' })).rejects.toThrow(
    `There is no ipfs program in ${directory} or on PATH`,
  );
});

test.each(['0.18.1', 'nonsense', ''])('an ipfs program of version "%s" is refused', async (version) => {
  await writeFile(join(directory, 'ipfs'), `#!/bin/sh\necho "${version}"\n`);
  await chmod(join(directory, 'ipfs'), 0o700);
  await expect(findIpfs({ directory, searchPath: '' })).rejects.toMatchObject({
    kind: 'misconfigured',
    message: expect.stringContaining('0.41 or later is needed'),
  });
});

test('whoever answers with another peer id than that of the repository is not the node, though it knows the token', async () => {
  const config = { nodes: [{ id: 'other', directory: join(directory, 'other'), port: 0, token }], capacityBytes: 1000 };
  await using store = await startStorageNodes(config);
  const { port } = new URL(store.nodes[0]!.address);
  const program = `#!/bin/sh
case "$1" in
init) echo '{"Identity":{"PeerID":"12D3KooWBKGZK2hhcgXThMNjzo6CjyDRZqdWZ7QL5M9hhdupRuV6"}}' > "$IPFS_PATH/config" ;;
daemon) echo "RPC API server listening on /ip4/127.0.0.1/tcp/${port}"; echo "Daemon is ready"; exec sleep 60 ;;
esac
`;
  const path = join(directory, 'ipfs');
  await writeFile(path, program, { mode: 0o700 });
  const binary = { path, version: '0.41.0' };
  const started = startKubo({
    id: 'k1',
    binary,
    directory: join(directory, 'k1'),
    port: 0,
    token,
    capacityBytes: 1000,
  });
  await expect(started).rejects.toThrow(
    `someone else than Kubo node k1 answers at ${store.nodes[0]!.address}; free that port`,
  );
});

test('the configuration dials nobody, serves nobody, and opens only what we call', () => {
  const config = privateConfig(
    {
      Identity: { PeerID: 'p' },
      Datastore: { Spec: { type: 'mount', mounts: [{ type: 'flatfs', sync: false }, { type: 'levelds' }] } },
    },
    { port: 0, token, capacityBytes: 1000 },
  );
  expect(config).toMatchObject({
    Bootstrap: [],
    Bitswap: { ServerEnabled: false },
    Addresses: { API: '/ip4/127.0.0.1/tcp/0', Gateway: [], Swarm: ['/ip4/127.0.0.1/tcp/0'] },
    Datastore: {
      HashOnRead: true,
      StorageMax: '1000B',
      Spec: { mounts: [{ type: 'flatfs', sync: true }, { type: 'levelds' }] },
    },
    Discovery: { MDNS: { Enabled: false } },
    API: { Authorizations: { 'd-cloud': { AuthSecret: `bearer:${token}` } } },
  });
  expect(JSON.stringify(config)).not.toMatch(/"auto"|api\/v0\/(key|config)|0\.0\.0\.0/);
});

test('a public node serves and announces its blocks, dials whom it is told and nobody else, and opens no more to us', () => {
  const initial = { Identity: { PeerID: 'p' }, Datastore: { Spec: { mounts: [{ type: 'flatfs', sync: false }] } } };
  const settings = { port: 0, token, capacityBytes: 1000 };
  const [bootstrap, listen] = [['/ip4/127.0.0.1/tcp/4001/p2p/other'], ['/ip4/127.0.0.1/tcp/0']];
  const announce = ['/dns4/alder.example/tcp/4001'];
  const config = publicConfig(initial, settings, { bootstrap, listen, announce });
  const alike = privateConfig(initial, settings);
  expect(config).toMatchObject({
    Bitswap: { ServerEnabled: true },
    Bootstrap: bootstrap,
    Provide: { Enabled: true },
    Routing: { Type: 'dht' },
    AutoConf: { Enabled: false },
    Addresses: { API: '/ip4/127.0.0.1/tcp/0', Gateway: [], Swarm: listen, AppendAnnounce: announce },
  });
  for (const same of ['API', 'Datastore', 'Discovery', 'HTTPRetrieval', 'Identity', 'Plugins'])
    expect(config[same]).toEqual(alike[same]);
  expect(JSON.stringify(config)).not.toContain('auto"');
  const known = publicConfig(initial, settings, { bootstrap: ['auto'], listen });
  expect(known).toMatchObject({
    Bootstrap: ['auto'],
    AutoConf: { Enabled: true },
    DNS: { Resolvers: { '.': 'auto' } },
  });
});

const ipfs = await findIpfs({ searchPath: process.env.PATH ?? '' }).catch(() => undefined);
const withKubo = ipfs ? describe : describe.skip;

withKubo(ipfs ? `Kubo ${ipfs.version}` : 'Kubo (left out: there is no ipfs on PATH)', () => {
  const init = (changes: Partial<KuboNodeInit> = {}): KuboNodeInit => ({
    id: 'k1',
    binary: ipfs!,
    directory: join(directory, 'k1'),
    port: 0,
    token,
    capacityBytes: 2 ** 30,
    ...changes,
  });

  test('is the same node with the same blocks after it was stopped and started', async () => {
    const bytes = Buffer.from('a block that stays');
    let peerId: string;
    {
      await using kubo = await startKubo(init());
      await using node = new OwnNode({ id: 'k1', address: kubo.address, token });
      peerId = kubo.peerId;
      await node.put(cidOf(bytes), bytes);
    }
    await using kubo = await startKubo(init({ token: 'another-token-than-before' }));
    expect(kubo.peerId).toBe(peerId);
    await using node = new OwnNode({ id: 'k1', address: kubo.address, token: 'another-token-than-before' });
    expect((await node.get(cidOf(bytes))).equals(bytes)).toBe(true);
    expect(await node.control.peers()).toBe(0);
  });

  test('killed in the middle of puts it keeps every acknowledged block whole, and starts again on what it left', async () => {
    const acknowledged = new Map<string, Buffer>();
    {
      await using kubo = await startKubo(init());
      await using node = new OwnNode({ id: 'k1', address: kubo.address, token });
      const enough = Promise.withResolvers<void>();
      let stopped = false;
      const writers = Array.from({ length: 6 }, async () => {
        while (!stopped) {
          const bytes = randomBytes(200_000);
          await node.put(cidOf(bytes), bytes).then(
            () => acknowledged.set(cidOf(bytes), bytes),
            () => {},
          );
          if (acknowledged.size >= 30) enough.resolve();
        }
      });
      await enough.promise;
      stopped = true;
      process.kill(kubo.pid, 'SIGKILL');
      expect(await kubo.ended).toBe('Kubo node k1 ended (SIGKILL)');
      await Promise.all(writers);
    }
    await using kubo = await startKubo(init());
    await using node = new OwnNode({ id: 'k1', address: kubo.address, token });
    for (const [cid, bytes] of acknowledged) expect((await node.get(cid)).equals(bytes)).toBe(true);
    expect(acknowledged.size).toBeGreaterThanOrEqual(30);
  });

  test('serves whoever asks while it is public, and nobody once it is private again', async () => {
    const publicSwarm = { bootstrap: [], listen: ['/ip4/127.0.0.1/tcp/0'] };
    const [block, other] = [randomBytes(100_000), randomBytes(100_000)];
    await using stranger = await Stranger.start(ipfs!.path, join(directory, 'stranger'));
    {
      await using kubo = await startKubo(init({ publicSwarm }));
      await using node = new OwnNode({ id: 'k1', address: kubo.address, token });
      await node.put(cidOf(block), block);
      await node.put(cidOf(other), other);
      expect(kubo.swarmAddresses).toHaveLength(1);
      expect(await stranger.connect(kubo.swarmAddresses[0]!)).toBe(true);
      expect(await stranger.get(cidOf(block))).toEqual(block);
    }
    await using kubo = await startKubo(init());
    expect(kubo.swarmAddresses).toHaveLength(1);
    expect(await stranger.connect(kubo.swarmAddresses[0]!)).toBe(false);
    expect(await stranger.get(cidOf(other), { withinMs: 1_000 })).toBeUndefined();
    expect((await stat(join(directory, 'k1', 'swarm.key'))).mode & 0o777).toBe(0o600);
  });

  test('running, says of itself that it dials, serves and announces nothing, checks hashes and collects no garbage', async () => {
    const [port] = await takePorts(1);
    const program = await kuboProgram('k1', init({ port: port! }));
    const file = join(directory, 'k1', 'config');
    const written = JSON.parse(await readFile(file, 'utf8'));
    // Our own token does not open a node's configuration; this one is for the test to ask with.
    const paths = ['config/show', 'swarm/addrs/listen', 'bootstrap/list'].map((path) => `/api/v0/${path}`);
    written.API.Authorizations.reader = { AuthSecret: 'bearer:reader', AllowedPaths: paths };
    await writeFile(file, JSON.stringify(written));
    await using _running = await startProgram(program, {
      logFile: join(directory, 'k1.log'),
      pidFile: join(directory, 'k1.pid'),
    });
    const ask = async (path: string) => {
      const headers = { Authorization: 'Bearer reader' };
      return (await fetch(`http://127.0.0.1:${port}/api/v0/${path}`, { method: 'POST', headers })).json();
    };
    expect(await ask('config/show')).toMatchObject({
      AutoConf: { Enabled: false },
      Bitswap: { ServerEnabled: false },
      Bootstrap: [],
      Addresses: { API: `/ip4/127.0.0.1/tcp/${port}`, Gateway: [] },
      Datastore: { HashOnRead: true },
      Discovery: { MDNS: { Enabled: false } },
      Provide: { Enabled: false },
      Routing: { Type: 'none' },
    });
    expect(await ask('bootstrap/list')).toMatchObject({ Peers: [] });
    const { Strings: listens } = (await ask('swarm/addrs/listen')) as { Strings: string[] };
    for (const address of listens) expect(address).toMatch(/^\/ip4\/127\.0\.0\.1\//);
    expect(program.args.join(' ')).not.toContain('gc');
    expect(await readFile(join(directory, 'k1.log'), 'utf8')).toContain(
      'limited to private network of peers with the swarm key',
    );
  });

  test('notices by its hash that a block on its disk is no longer what was put', async () => {
    await using kubo = await startKubo(init());
    await using node = new OwnNode({ id: 'k1', address: kubo.address, token });
    const bytes = Buffer.from('a block that a disk will damage');
    await node.put(cidOf(bytes), bytes);
    const blocks = join(directory, 'k1', 'blocks');
    const files = (await readdir(blocks, { recursive: true })).filter((name) => name.endsWith('.data'));
    for (const name of files) {
      const path = join(blocks, name);
      if ((await readFile(path)).equals(bytes)) await writeFile(path, 'something else, of another length');
    }
    await expect(node.get(cidOf(bytes))).rejects.toThrow();
    const response = await fetch(`${kubo.address}/api/v0/block/get?arg=${cidOf(bytes)}&offline=true`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}` },
    });
    expect(await response.text()).toMatch(/different hash than requested/);
  });

  test('a stranger on its port does not look like readiness', async () => {
    const stranger = createServer((_request, response) => response.end('{"ID":"me"}'));
    await new Promise<void>((listening) => stranger.listen(0, '127.0.0.1', listening));
    const { port } = stranger.address() as AddressInfo;
    await expect(startKubo(init({ port }))).rejects.toThrow(
      /^Kubo node k1 ended \(status 1\): .*address already in use/,
    );
    stranger.close();
  });

  test('its RPC answers on loopback only, shows keys and configuration to nobody, and its secrets are files of its owner', async () => {
    await using kubo = await startKubo(init());
    const { port } = new URL(kubo.address);
    const others = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    const outside = others
      .filter(({ internal, family }) => !internal && family === 'IPv4')
      .map(({ address }) => address);
    for (const host of outside) expect(await reaches(host, Number(port))).toBe(false);
    for (const path of ['key/list', 'config/show', 'shutdown', 'files/ls']) {
      const response = await fetch(`${kubo.address}/api/v0/${path}`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}` },
      });
      expect([path, response.status]).toEqual([path, 403]);
    }
    expect((await stat(join(directory, 'k1', 'config'))).mode & 0o777).toBe(0o600);
    expect(await readFile(`/proc/${kubo.pid}/cmdline`, 'utf8').catch(() => '')).not.toContain(token);
  });

  test('a directory that holds something else is not made into a repository', async () => {
    await mkdir(join(directory, 'k1'));
    await writeFile(join(directory, 'k1', 'letter'), 'mine');
    await expect(startKubo(init())).rejects.toThrow(/holds something that is not an IPFS repository; move it away$/);
    expect(await readFile(join(directory, 'k1', 'letter'), 'utf8')).toBe('mine');
  });

  test('what a crash left half-founded is founded anew', async () => {
    await mkdir(join(directory, 'k1.founding'));
    await writeFile(join(directory, 'k1.founding', 'config'), '{"half":');
    await using kubo = await startKubo(init());
    expect(kubo.peerId).toMatch(/^12D3KooW/);
  });

  test('a second process on one repository ends with its own sentence', async () => {
    await using _first = await startKubo(init());
    await expect(startKubo(init())).rejects.toThrow(/^Kubo node k1 ended \(status 1\): .*lock/);
  });
});

function reaches(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host, port, timeout: 2000 });
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  socket.once('timeout', () => resolve(false));
  void promise.then(() => socket.destroy());
  return promise;
}
