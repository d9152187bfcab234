import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  type ChaincodeDefinition,
  type Consortium,
  type ConsortiumMember,
  enrol,
  foundConsortium,
  type Identity,
  keyPem,
  type OrdererAdmin,
  type OrdererConnection,
  type PeerConnection,
  packageChaincode,
} from '@d-cloud/network/admin';
import type { LedgerConfig } from '@d-cloud/network/embedded/ledger';
import { connectLedger, type Ledger, openConnection, signatory, signLowS } from '@d-cloud/network/ledger';
import {
  type ChaincodeConnection,
  type FabricBinaries,
  type FabricMember,
  type RunningFabric,
  startFabric,
} from '@d-cloud/network/processes/fabric';
import { takePorts } from '@d-cloud/network/processes/program';
import type { Client } from '@grpc/grpc-js';
import { connect, type Gateway, hash } from '@hyperledger/fabric-gateway';
import { ownPorts } from '../../support/ports.ts';
import { type Scratch, scratch } from '../../support/scratch.ts';

export const members = ['A', 'B', 'C'] as const;
export type Member = (typeof members)[number];

/** Which ledger is under test: ours in one process, or real orderers and peers. */
export type LedgerKind = { readonly kind: 'embedded' } | { readonly kind: 'fabric'; readonly binaries: FabricBinaries };

export interface ProbeCollection {
  readonly name: string;
  readonly members: readonly Member[];
  readonly blockToLive?: number;
}

/** The probe chaincode under a name, with its rules. */
export interface ProbeChaincode {
  readonly name: string;
  /** A signature policy; MAJORITY of the organizations when not given. */
  readonly policy?: string;
  readonly collections?: readonly ProbeCollection[];
  /** Its service is down. */
  readonly down?: boolean;
}

export interface ProbeOptions {
  readonly chaincodes: readonly ProbeChaincode[];
  /** Labels of packages whose services run, at every organization, but that are not installed yet. */
  readonly packages?: readonly string[];
  readonly batch?: { readonly timeout: string; readonly maxMessageCount: number };
}

const channel = 'probes';
const embedded = dirname(fileURLToPath(import.meta.resolve('@d-cloud/network/embedded/ledger')));
const chaincodeProgram = join(embedded, 'testing', 'chaincode-process.js');
const quiet = { CORE_CHAINCODE_LOGGING_SHIM: 'critical', CORE_CHAINCODE_LOGGING_LEVEL: 'critical' };

/** Three organizations A, B and C on one channel with the probe chaincode, on either kind of ledger: the double and the real thing behind one face. */
export class ProbeConsortium implements AsyncDisposable {
  readonly channel = channel;
  /** Whose behaviour is to be expected where Fabric's generations differ; the embedded ledger follows 2.5. */
  readonly generation: FabricBinaries['generation'];
  readonly directory: string;
  /** The first block of a channel of all three, made when it is first asked for. */
  readonly genesisBlock: (channel: string) => Promise<Uint8Array>;
  readonly #consortium: Consortium;
  readonly #ports: ReadonlyMap<Member, ReturnType<PortsOf>>;
  readonly #open: AsyncDisposableStack;
  readonly #clients: { close(): void }[] = [];
  readonly #restart: () => Promise<Backend>;
  #backend: Backend;

  private constructor(
    kind: LedgerKind,
    home: Scratch,
    consortium: Consortium,
    ports: ReadonlyMap<Member, ReturnType<PortsOf>>,
    backend: Backend,
    {
      restart,
      block,
    }: {
      readonly restart: () => Promise<Backend>;
      readonly block: (channel: string) => Promise<Uint8Array>;
    },
    open: AsyncDisposableStack,
  ) {
    this.generation = kind.kind === 'fabric' ? kind.binaries.generation : '2.5';
    this.directory = home.directory;
    this.#consortium = consortium;
    this.#ports = ports;
    this.#backend = backend;
    this.#restart = restart;
    this.genesisBlock = block;
    this.#open = open;
  }

  static async start(kind: LedgerKind, { chaincodes, packages = [], batch }: ProbeOptions): Promise<ProbeConsortium> {
    await using starting = new AsyncDisposableStack();
    const home = starting.use(await scratch());
    const ports = await takePorts(members.length * 3, ownPorts());
    const portsOf = (at: number) => ({
      orderer: ports[at * 3]!,
      ordererAdmin: ports[at * 3 + 1]!,
      peer: ports[at * 3 + 2]!,
    });
    const found = (name: string) =>
      foundConsortium({
        directory: home.directory,
        channel: name,
        now: new Date(),
        organizations: members.map((mspId, at) => ({
          name: mspId.toLowerCase(),
          mspId,
          ordererEndpoints: [`127.0.0.1:${portsOf(at).orderer}`],
          anchorPeers: [`127.0.0.1:${portsOf(at).peer}`],
        })),
        batch: {
          maxMessageCount: 500,
          timeout: '50ms',
          ...batch,
          absoluteMaxBytes: 10 << 20,
          preferredMaxBytes: 2 << 20,
        },
      });
    const consortium = await found(channel);
    const start =
      kind.kind === 'embedded'
        ? () => startEmbedded(home.directory, consortium, { chaincodes, packages }, portsOf)
        : () => startReal(home.directory, consortium, { chaincodes, packages }, kind.binaries, portsOf);
    const backend = await start();
    const block = async (name: string) => (await found(name)).genesisBlock;
    const own = new Map(members.map((member, at) => [member, portsOf(at)]));
    return new ProbeConsortium(kind, home, consortium, own, backend, { restart: start, block }, starting.move());
  }

  #member(member: Member): ConsortiumMember {
    return this.#consortium.members[members.indexOf(member)]!;
  }

  identity(member: Member, name = 'gateway'): Identity {
    return this.#member(member).identities.get(name)!;
  }

  /** A certificate of an organization that ended a minute ago, with its key. */
  async expired(member: Member): Promise<Identity['signer']> {
    const days = 4 / (24 * 60);
    const then = new Date(Date.now() - 5 * 60_000);
    const { signer } = await enrol(this.#member(member).organization, { name: 'expired', role: 'client', days }, then);
    return signer;
  }

  client(member: Member): Client {
    const tlsRoots = [this.identity(member, 'peer').tlsRoot];
    const client = openConnection({ address: this.#backend.addresses[member]!, tlsRoots });
    this.#clients.push(client);
    return client;
  }

  /** A gateway of fabric-gateway itself at an organization's peer, signing with OpenSSL. */
  gateway(member: Member, signer = this.identity(member).signer, mspId: string = member): Gateway {
    const gateway = connect({
      client: this.client(member),
      identity: { mspId, credentials: Buffer.from(signer.certificate) },
      signer: async (message) => signLowS(signer.key, message),
      hash: hash.none,
    });
    this.#clients.push(gateway);
    return gateway;
  }

  /** Our own client, as gateways and compute nodes use it. */
  ledger(member: Member, chaincode = 'probe'): Ledger {
    const { signer, mspId } = this.identity(member);
    const tlsRoots = [this.identity(member, 'peer').tlsRoot];
    const ledger = connectLedger({
      peerAddress: this.#backend.addresses[member]!,
      tlsRoots,
      identity: { mspId, certificate: signer.certificate, privateKey: signer.key },
      channel,
      chaincode,
      readRefusal: () => undefined,
    });
    this.#open.use(ledger);
    return ledger;
  }

  /** An organization's peer as administration speaks to it, as that organization's admin or under another of its names. */
  peer(member: Member, name = 'admin', of: Member = member): PeerConnection {
    const { signer, mspId } = this.identity(of, name);
    const identity = { mspId, certificate: signer.certificate, privateKey: signer.key };
    return { client: this.client(member), signatory: signatory(identity), name: member };
  }

  /** An organization's orderer as administration speaks to it. */
  orderer(member: Member, as = this.identity(member, 'admin').signer, mspId: string = member): OrdererConnection {
    const address = `127.0.0.1:${this.#ports.get(member)!.orderer}`;
    const client = openConnection({ address, tlsRoots: [this.identity(member, 'orderer').tlsRoot] });
    this.#clients.push(client);
    const identity = { mspId, certificate: as.certificate, privateKey: as.key };
    return { client, signatory: signatory(identity), name: member };
  }

  /** Hex; what verifiers pin. */
  get genesisHash(): string {
    return this.#consortium.genesisHash;
  }

  /** An organization's directory with its authorities. */
  organization(member: Member): ConsortiumMember['organization'] {
    return this.#member(member).organization;
  }

  /** Channel participation of an organization's orderer, opened with its own admin's certificate or another's. */
  participation(member: Member, of: Member = member): OrdererAdmin {
    const { tls } = this.identity(of, 'admin');
    return {
      address: `127.0.0.1:${this.#ports.get(member)!.ordererAdmin}`,
      tlsServerName: 'localhost',
      tlsRoots: [this.identity(member, 'orderer').tlsRoot],
      certificate: tls.certificate,
      key: keyPem(tls.key),
    };
  }

  /** The programs of a real network, by name. */
  get programs(): RunningFabric['programs'] {
    return this.#backend.programs;
  }

  /** Stops everything and starts it again on the same directory. Gateways and clients must be opened anew. */
  async restart(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.close();
    await this.#backend[Symbol.asyncDispose]();
    this.#backend = await this.#restart();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.#backend[Symbol.asyncDispose]();
    await this.#open.disposeAsync();
  }
}

type PortsOf = (at: number) => { readonly orderer: number; readonly ordererAdmin: number; readonly peer: number };

interface Backend extends AsyncDisposable {
  readonly addresses: Readonly<Record<string, string>>;
  readonly programs: RunningFabric['programs'];
}

async function startEmbedded(
  directory: string,
  consortium: Consortium,
  { chaincodes, packages: labels }: Required<Pick<ProbeOptions, 'chaincodes' | 'packages'>>,
  portsOf: PortsOf,
): Promise<Backend> {
  await using starting = new AsyncDisposableStack();
  const server = consortium.members[0]!.identities.get('chaincode')!;
  const ports = await takePorts(chaincodes.length + labels.length, ownPorts());
  const tls = {
    rootCertificates: join(server.tlsDirectory, 'ca.pem'),
    clientCertificate: join(server.tlsDirectory, 'cert.pem'),
    clientKey: join(server.tlsDirectory, 'key.pem'),
    serverName: 'localhost',
  };
  const services: Record<string, { address: string; tls: typeof tls }> = {};
  for (const [at, label] of labels.entries()) {
    const address = `127.0.0.1:${ports[chaincodes.length + at]}`;
    starting.use(await serve(packageChaincode(label).packageId, address, server));
    services[label] = { address, tls };
  }
  const defined: LedgerConfig['chaincodes'][number][] = [];
  for (const [at, { name, policy, collections = [], down }] of chaincodes.entries()) {
    const address = `127.0.0.1:${ports[at]}`;
    const service = starting.use(await serve(name, address, server));
    if (down) await service[Symbol.asyncDispose]();
    defined.push({
      name,
      version: '1',
      address,
      ...(policy === undefined ? {} : { policy }),
      collections: collections.map((one) => ({
        name: one.name,
        policy: `OR(${one.members.map((mspId) => `'${mspId}.member'`).join(',')})`,
        ...(one.blockToLive === undefined ? {} : { blockToLive: one.blockToLive }),
      })),
      tls,
    });
  }
  const signing = ({ identities, organization }: ConsortiumMember, name: string) => ({
    mspId: organization.mspId,
    certificate: join(identities.get(name)!.mspDirectory, 'signcerts', 'cert.pem'),
    key: join(identities.get(name)!.mspDirectory, 'keystore', 'priv_sk'),
  });
  const config: LedgerConfig = {
    channel,
    dataDirectory: join(directory, 'ledger'),
    genesisBlock: consortium.genesisBlockPath,
    organizations: consortium.members.map((member, at) => {
      const tlsOf = (name: string) => {
        const { tlsDirectory } = member.identities.get(name)!;
        return { certificate: join(tlsDirectory, 'cert.pem'), key: join(tlsDirectory, 'key.pem') };
      };
      const { mspId: _, ...signs } = signing(member, 'orderer');
      const ports = portsOf(at);
      const orderer = {
        address: `127.0.0.1:${ports.orderer}`,
        adminAddress: `127.0.0.1:${ports.ordererAdmin}`,
        tls: { ...tlsOf('orderer'), clientRoots: join(member.identities.get('orderer')!.tlsDirectory, 'ca.pem') },
        ...signs,
      };
      return { address: '127.0.0.1:0', tls: tlsOf('peer'), ...signing(member, 'peer'), orderer, packages: services };
    }),
    chaincodes: defined,
  };
  const file = join(directory, 'ledger.json');
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  await mkdir(join(directory, 'run'), { recursive: true });
  const ledger = spawn(process.execPath, [join(embedded, 'main.js'), file], { stdio: ['ignore', 'pipe', 'inherit'] });
  starting.defer(() => ended(ledger));
  await writeFile(join(directory, 'run', 'ledger.pid'), `${ledger.pid}\n`);
  const gone = once(ledger, 'exit').then(() => Promise.reject(new Error('the embedded ledger did not start')));
  gone.catch(() => {});
  const [line] = (await Promise.race([once(createInterface(ledger.stdout!), 'line'), gone])) as [string];
  const { addresses } = JSON.parse(line) as Pick<Backend, 'addresses'>;
  const running = starting.move();
  return { addresses, programs: new Map(), [Symbol.asyncDispose]: () => running.disposeAsync() };
}

async function startReal(
  directory: string,
  consortium: Consortium,
  { chaincodes, packages: labels }: Required<Pick<ProbeOptions, 'chaincodes' | 'packages'>>,
  binaries: FabricBinaries,
  portsOf: PortsOf,
): Promise<Backend> {
  await using starting = new AsyncDisposableStack();
  const packages = new Map(chaincodes.map(({ name }) => [name, packageChaincode(`${name}_1`)]));
  const fabricMembers: FabricMember[] = [];
  const unwanted: AsyncDisposable[] = [];
  for (const [at, { organization, identities }] of consortium.members.entries()) {
    const identity = (name: string) => identities.get(name)!;
    const { tls, tlsRoot } = identity('peer');
    const services = [
      ...chaincodes.map(({ name, down }) => ({ ...packages.get(name)!, down: down === true })),
      ...labels.map((label) => ({ ...packageChaincode(label), down: false })),
    ];
    const ports = await takePorts(services.length, ownPorts());
    const connections = new Map<string, ChaincodeConnection>();
    for (const [place, { label, packageId, down }] of services.entries()) {
      const address = `127.0.0.1:${ports[place]}`;
      const service = starting.use(await serve(packageId, address, identity('chaincode')));
      if (down) unwanted.push(service);
      connections.set(label, {
        address,
        rootCertificate: tlsRoot,
        clientCertificate: tls.certificate,
        clientKey: await readFile(join(identity('peer').tlsDirectory, 'key.pem'), 'utf8'),
      });
    }
    const { name, mspId } = organization;
    const node = (kind: 'orderer' | 'peer') => ({
      name: `${kind}-${name}`,
      mspId,
      directory: join(directory, 'nodes', name, kind),
      identity: identity(kind),
      admin: identity('admin'),
      port: portsOf(at)[kind],
    });
    fabricMembers.push({
      mspId,
      orderers: [{ ...node('orderer'), adminPort: portsOf(at).ordererAdmin }],
      peers: [{ ...node('peer'), chaincodes: connections }],
    });
  }
  const fabric = await startFabric({
    binaries,
    channel,
    genesisBlock: consortium.genesisBlock,
    members: fabricMembers,
    chaincodes: chaincodes.map((chaincode) => ({
      definition: definitionOf(chaincode),
      chaincodePackage: packages.get(chaincode.name)!,
    })),
    directory,
  });
  starting.use(fabric);
  for (const service of unwanted) await service[Symbol.asyncDispose]();
  const running = starting.move();
  return { ...fabric, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

function definitionOf({ name, policy, collections = [] }: ProbeChaincode): ChaincodeDefinition {
  return {
    channel,
    name,
    version: '1',
    sequence: 1,
    ...(policy === undefined ? {} : { endorsement: { kind: 'signatures', rule: policy } }),
    collections: collections.map((one) => ({
      name: one.name,
      members: one.members,
      requiredPeerCount: 0,
      maximumPeerCount: Math.max(1, one.members.length - 1),
      blockToLive: one.blockToLive ?? 0,
      memberOnlyRead: true,
      memberOnlyWrite: true,
    })),
  };
}

/** A chaincode service that ends with this process. */
async function serve(ccid: string, address: string, { tlsDirectory }: Identity): Promise<AsyncDisposable> {
  const child = fork(chaincodeProgram, [ccid, address, tlsDirectory], {
    env: { ...process.env, ...quiet },
    execArgv: [],
  });
  const [event] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
  if (event !== 'listening') throw new Error(`the probe chaincode did not start (${event})`);
  return { [Symbol.asyncDispose]: () => ended(child) };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}
