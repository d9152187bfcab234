import { randomBytes, webcrypto } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { blockStoreStories } from './block-store.suite.ts';
import { cidOf, maxBlockBytes } from './cid.ts';
import { OtherGateway, type PeerTls } from './gateway-node.ts';

type Misbehaviour = (request: IncomingMessage, response: ServerResponse) => void;

const right = { words: ['publish', 'dataset_x', 'version_x'], version: 'version_x' };
const patience = { tries: 3, firstPauseMs: 1, random: () => 0.5 };

/** A gateway of another organization, reduced to its block route: real TLS with client certificates, blocks in memory. */
class BlockRoute implements AsyncDisposable {
  readonly blocks = new Map<string, Buffer>();
  readonly heard: { method: string; node: string | null; right: unknown; version: unknown; caller: string }[] = [];
  misbehaviours: Misbehaviour[] = [];
  readonly #server: Server;

  private constructor(tls: PeerTls) {
    const { certificate: cert, key, roots: ca } = tls;
    this.#server = createServer({ cert, key, ca, requestCert: true }, (request, response) =>
      this.#answer(request, response),
    );
  }

  static async listen(tls: PeerTls): Promise<BlockRoute> {
    const route = new BlockRoute(tls);
    await new Promise<void>((listening) => route.#server.listen(0, '127.0.0.1', listening));
    return route;
  }

  get address(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, this.address);
    const cid = url.pathname.slice('/v1/blocks/'.length);
    const { 'd-cloud-right': words, 'd-cloud-version': version } = request.headers;
    const caller = (request.socket as TLSSocket).getPeerCertificate().subject.CN as string;
    this.heard.push({ method: request.method!, node: url.searchParams.get('node'), right: words, version, caller });
    const pieces: Buffer[] = [];
    for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
    const misbehaviour = this.misbehaviours.shift();
    if (misbehaviour) return misbehaviour(request, response);
    const held = this.blocks.get(cid);
    if (request.method === 'PUT') {
      this.blocks.set(cid, Buffer.concat(pieces));
      response.writeHead(204).end();
    } else if (!held)
      response.writeHead(404, { 'Content-Type': 'application/problem+json' }).end('{"code":"BLOCK_NOT_FOUND"}');
    else if (request.method === 'DELETE') {
      this.blocks.delete(cid);
      response.writeHead(204).end();
    } else response.writeHead(200, { 'Content-Length': held.length }).end(request.method === 'HEAD' ? undefined : held);
  }
}

let alder: PeerTls;
let birch: PeerTls;
let stranger: PeerTls;
let route: BlockRoute;

beforeAll(async () => {
  const roots = await authority('tls roots');
  alder = await roots.issue('alder-gateway');
  birch = await roots.issue('birch-gateway');
  stranger = await (await authority('strange roots')).issue('stranger');
  route = await BlockRoute.listen(birch);
});

afterAll(async () => await route[Symbol.asyncDispose]());

beforeEach(() => {
  route.misbehaviours = [];
  route.heard.length = 0;
});

blockStoreStories("another organization's gateway", async () => {
  const gateway = new OtherGateway({ address: route.address, tls: alder, patience });
  return {
    store: gateway.blocks('s9', right),
    spoil: async (cid) => {
      route.blocks.get(cid)![100]! ^= 1;
    },
    [Symbol.asyncDispose]: async () => gateway[Symbol.dispose](),
  };
});

function answering(status: number, body = ''): Misbehaviour {
  return (_request, response) => response.writeHead(status, { 'Content-Type': 'application/problem+json' }).end(body);
}

async function ask(tls: PeerTls = alder) {
  using gateway = new OtherGateway({ address: route.address, tls, patience, deadlineMs: 500 });
  return await gateway.blocks('s9', right).get(cidOf(Buffer.from('x')));
}

test('every request names the storage node, the right and the version, under the own certificate', async () => {
  using gateway = new OtherGateway({ address: route.address, tls: alder, patience });
  const bytes = randomBytes(100);
  await gateway.blocks('s9', right).put(cidOf(bytes), bytes);
  const said = { node: 's9', right: 'publish dataset_x version_x', version: 'version_x', caller: 'alder-gateway' };
  expect(route.heard).toEqual([
    { method: 'PUT', ...said },
    { method: 'GET', ...said },
  ]);
});

test('a put that the gateway confirms but does not keep is not a put', async () => {
  using gateway = new OtherGateway({ address: route.address, tls: alder, patience });
  route.misbehaviours = [answering(204)];
  const bytes = randomBytes(100);
  await expect(gateway.blocks('s9', right).put(cidOf(bytes), bytes)).rejects.toMatchObject({ code: 'BLOCK_NOT_FOUND' });
});

test('an answer longer than a block is cut off, announced or not', async () => {
  let sent = 0;
  route.misbehaviours = [
    (_request, response) => response.writeHead(200, { 'Content-Length': maxBlockBytes + 1 }).flushHeaders(),
    (_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent += 65_536;
      };
      response.on('drain', more);
      more();
    },
  ];
  await expect(ask()).rejects.toMatchObject({ kind: 'corrupt', message: expect.stringContaining('announced') });
  await expect(ask()).rejects.toMatchObject({ kind: 'corrupt', message: expect.stringContaining('sent more') });
  expect(sent).toBeLessThan(20 * maxBlockBytes);
});

test('a truncated answer and another block are faults, never bytes', async () => {
  const torn: Misbehaviour = (_request, response) => {
    response.writeHead(200, { 'Content-Length': 100 }).write('half');
    setImmediate(() => response.destroy());
  };
  route.misbehaviours = [torn, torn, torn, answering(200, 'another block')];
  await expect(ask()).rejects.toMatchObject({ kind: 'unavailable' });
  await expect(ask()).rejects.toMatchObject({ kind: 'corrupt' });
});

test('what may pass is tried again, what a rule says is not', async () => {
  route.misbehaviours = [answering(503), answering(429), answering(200, 'x')];
  expect(String(await ask())).toBe('x');
  route.heard.length = 0;
  route.misbehaviours = [answering(403, '{"code":"RIGHT_MISSING","detail":"no claim reads this block"}')];
  await expect(ask()).rejects.toMatchObject({
    code: 'BLOCK_FORBIDDEN',
    detail: 'the gateway of storage node s9 answered 403: RIGHT_MISSING: no claim reads this block',
  });
  route.misbehaviours = [answering(403, '{"code":"QUOTA_EXCEEDED"}')];
  await expect(ask()).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
  route.misbehaviours = [answering(507)];
  await expect(ask()).rejects.toMatchObject({ kind: 'unavailable', retryable: false });
  expect(route.heard).toHaveLength(3);
});

test('a gateway that never answers costs the deadline once', async () => {
  route.misbehaviours = [() => {}];
  await expect(ask()).rejects.toMatchObject({ kind: 'timeout' });
  expect(route.heard).toHaveLength(1);
});

test("a gateway under other roots than the organization's is not spoken to", async () => {
  await expect(ask({ ...alder, roots: stranger.roots })).rejects.toMatchObject({ kind: 'misconfigured' });
  await expect(ask(stranger)).rejects.toMatchObject({ name: 'Fault' });
  expect(route.heard).toEqual([]);
});

test('an address without TLS is refused before anything is sent', () => {
  expect(() => new OtherGateway({ address: 'http://127.0.0.1:1', tls: alder })).toThrow(/https URL/);
});

async function authority(name: string): Promise<{ issue(commonName: string): Promise<PeerTls> }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const pair = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const keys = await pair();
  const lifetime = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    ...lifetime,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return {
    async issue(commonName) {
      const leaf = await pair();
      const certificate = await x509.X509CertificateGenerator.create({
        subject: `CN=${commonName}`,
        issuer: root.subject,
        publicKey: leaf.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        ...lifetime,
        extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
      });
      const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', leaf.privateKey)).toString('base64');
      return {
        certificate: certificate.toString('pem'),
        key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
        roots: root.toString('pem'),
      };
    },
  };
}
