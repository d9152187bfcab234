import type { ChildProcess } from 'node:child_process';
import { sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { connect, type Gateway, hash } from '@hyperledger/fabric-gateway';
import { type Consortium, type ConsortiumMember, enrol, foundConsortium, type Identity } from '../../../admin/index.ts';
import { type LedgerConfig, type RunningLedger, startLedger } from '../index.ts';
import { lowS } from '../msp/signature.ts';
import { clientTls, serve } from './chaincode-service.ts';

const CHANNEL = 'probes';
const MEMBERS = ['A', 'B', 'C'] as const;
export type Member = (typeof MEMBERS)[number];

/** An embedded ledger with three organizations and real chaincode servers, in this process and a temporary directory. */
export class ProbeNetwork implements AsyncDisposable {
  readonly config: LedgerConfig;
  readonly #directory: string;
  readonly #consortium: Consortium;
  readonly #clients: { close(): void }[] = [];
  /** The chaincode servers, by name. */
  readonly chaincodes: Map<string, ChildProcess>;
  #ledger: RunningLedger;

  private constructor(
    directory: string,
    consortium: Consortium,
    config: LedgerConfig,
    ledger: RunningLedger,
    chaincodes: Map<string, ChildProcess>,
  ) {
    this.chaincodes = chaincodes;
    this.#directory = directory;
    this.#consortium = consortium;
    this.config = config;
    this.#ledger = ledger;
  }

  static async start(chaincodes: readonly Partial<LedgerConfig['chaincodes'][number]>[]): Promise<ProbeNetwork> {
    const directory = await mkdtemp(join(tmpdir(), 'ledger-'));
    const organizations = MEMBERS.map((name) => ({ name: name.toLowerCase(), mspId: name }));
    const consortium = await foundConsortium({ directory, channel: CHANNEL, organizations, now: new Date() });
    const [first] = consortium.members;
    const server = first!.identities.get('chaincode')!;
    const servers = new Map<string, ChildProcess>();
    const defined: LedgerConfig['chaincodes'][number][] = [];
    for (const chaincode of chaincodes) {
      const address = `127.0.0.1:${await freePort()}`;
      const name = chaincode.name ?? 'probe';
      if (chaincode.address === undefined) servers.set(name, await serve(name, address, server));
      defined.push({ version: '1', ...chaincode, name, address: chaincode.address ?? address, tls: clientTls(server) });
    }
    const config: LedgerConfig = {
      channel: CHANNEL,
      dataDirectory: join(directory, 'ledger'),
      genesisBlock: consortium.genesisBlockPath,
      orderer: signing(first!, 'orderer'),
      organizations: consortium.members.map((member) => ({
        address: '127.0.0.1:0',
        tls: tlsOf(member.identities.get('peer')!),
        ...signing(member, 'peer'),
      })),
      chaincodes: defined,
    };
    return new ProbeNetwork(directory, consortium, config, await startLedger(config), servers);
  }

  get channel(): string {
    return CHANNEL;
  }

  get ledger(): RunningLedger {
    return this.#ledger;
  }

  /** Stops the ledger and starts it again on the same directory, perhaps with other words in its configuration. */
  async restart(change: Partial<LedgerConfig> = {}): Promise<void> {
    for (const client of this.#clients.splice(0)) client.close();
    await this.#ledger[Symbol.asyncDispose]();
    this.#ledger = await startLedger({ ...this.config, ...change });
  }

  /** Kills a chaincode's server without warning and waits until it is gone. */
  async killChaincode(name: string): Promise<void> {
    const server = this.chaincodes.get(name);
    server?.kill('SIGKILL');
    if (server?.exitCode === null && server.signalCode === null) await once(server, 'exit');
  }

  /** Starts the server of a chaincode again on its old address. */
  async reviveChaincode(name: string): Promise<void> {
    const { address } = this.config.chaincodes.find((each) => each.name === name)!;
    this.chaincodes.set(name, await serve(name, address, this.identity('A', 'chaincode')));
  }

  identity(member: Member, name = 'gateway'): Identity {
    return this.#consortium.members[MEMBERS.indexOf(member)]!.identities.get(name)!;
  }

  /** A certificate of an organization that ended a minute ago, with its key. */
  async expired(member: Member): Promise<Identity['signer']> {
    const { organization } = this.#consortium.members[MEMBERS.indexOf(member)]!;
    const minute = 60_000;
    const days = (4 * minute) / (24 * 60 * minute);
    const { signer } = await enrol(
      organization,
      { name: 'expired', role: 'client', days },
      new Date(Date.now() - 5 * minute),
    );
    return signer;
  }

  client(member: Member, address = this.#ledger.addresses[member]!): Client {
    const root = Buffer.from(this.identity(member, 'peer').tlsRoot);
    const options = { 'grpc.max_receive_message_length': -1, 'grpc.ssl_target_name_override': 'localhost' };
    const client = new Client(address, credentials.createSsl(root), options);
    this.#clients.push(client);
    return client;
  }

  /** A gateway of fabric-gateway for one organization, signing with OpenSSL. */
  gateway(member: Member): Gateway {
    return this.gatewayAt(member, this.#ledger.addresses[member]!);
  }

  /** The same for a peer that another process runs. */
  gatewayAt(member: Member, address: string): Gateway {
    const { signer, mspId } = this.identity(member);
    const gateway = connect({
      client: this.client(member, address),
      identity: { mspId, credentials: Buffer.from(signer.certificate) },
      signer: async (message) => lowS(sign('sha256', message, signer.key)),
      hash: hash.none,
    });
    this.#clients.push(gateway);
    return gateway;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.#ledger[Symbol.asyncDispose]();
    for (const server of this.chaincodes.values()) if (server.connected) server.disconnect();
    await rm(this.#directory, { recursive: true });
  }
}

function tlsOf({ tlsDirectory }: Identity): { certificate: string; key: string } {
  return { certificate: join(tlsDirectory, 'cert.pem'), key: join(tlsDirectory, 'key.pem') };
}

function signing({ identities, organization }: ConsortiumMember, name: string) {
  const { mspDirectory } = identities.get(name)!;
  const certificate = join(mspDirectory, 'signcerts', 'cert.pem');
  return { mspId: organization.mspId, certificate, key: join(mspDirectory, 'keystore', 'priv_sk') };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
