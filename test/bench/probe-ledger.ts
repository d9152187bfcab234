import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Consortium, foundConsortium } from '@d-cloud/network/admin';
import type { LedgerConfig } from '@d-cloud/network/embedded/ledger';
import { connectLedger, type Ledger } from '@d-cloud/network/ledger';

const folder = dirname(fileURLToPath(import.meta.resolve('@d-cloud/network/embedded/ledger')));
const organizations = ['a', 'b', 'c'].map((name) => ({ name, mspId: `${name.toUpperCase()}MSP` }));

/** The embedded ledger and a small chaincode, each as a process of its own, as they run in a network: blocks synced to disk, TLS on. */
export class ProbeLedger implements AsyncDisposable {
  readonly #directory: string;
  readonly #consortium: Consortium;
  readonly #processes: ChildProcess[];
  readonly #addresses: Record<string, string>;

  private constructor(
    directory: string,
    consortium: Consortium,
    processes: ChildProcess[],
    addresses: Record<string, string>,
  ) {
    this.#directory = directory;
    this.#consortium = consortium;
    this.#processes = processes;
    this.#addresses = addresses;
  }

  static async start(): Promise<ProbeLedger> {
    const directory = await mkdtemp(join(tmpdir(), 'bench-ledger-'));
    const consortium = await foundConsortium({ directory, channel: 'bench', organizations, now: new Date() });
    const identity = (at: number, name: string) => consortium.members[at]!.identities.get(name)!;
    const server = identity(0, 'chaincode');
    const address = `127.0.0.1:${await freePort()}`;
    const chaincode = fork(join(folder, 'testing', 'chaincode-process.js'), ['probe', address, server.tlsDirectory], {
      env: { ...process.env, CORE_CHAINCODE_LOGGING_SHIM: 'critical', CORE_CHAINCODE_LOGGING_LEVEL: 'critical' },
      execArgv: [],
    });
    await once(chaincode, 'message');
    const signing = (at: number, name: string) => ({
      mspId: organizations[at]!.mspId,
      certificate: join(identity(at, name).mspDirectory, 'signcerts', 'cert.pem'),
      key: join(identity(at, name).mspDirectory, 'keystore', 'priv_sk'),
    });
    const tls = (at: number) => ({
      certificate: join(identity(at, 'peer').tlsDirectory, 'cert.pem'),
      key: join(identity(at, 'peer').tlsDirectory, 'key.pem'),
    });
    const config: LedgerConfig = {
      channel: 'bench',
      dataDirectory: join(directory, 'ledger'),
      genesisBlock: consortium.genesisBlockPath,
      orderer: signing(0, 'orderer'),
      organizations: organizations.map((_, at) => ({ address: '127.0.0.1:0', tls: tls(at), ...signing(at, 'peer') })),
      chaincodes: [
        {
          name: 'probe',
          version: '1',
          address,
          tls: {
            rootCertificates: join(server.tlsDirectory, 'ca.pem'),
            clientCertificate: join(server.tlsDirectory, 'cert.pem'),
            clientKey: join(server.tlsDirectory, 'key.pem'),
            serverName: 'localhost',
          },
        },
      ],
    };
    const file = join(directory, 'ledger.json');
    await writeFile(file, JSON.stringify(config), { mode: 0o600 });
    const ledger = spawn(process.execPath, [join(folder, 'main.js'), file], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface(ledger.stdout!), 'line')) as [string];
    const { addresses } = JSON.parse(line) as { addresses: Record<string, string> };
    return new ProbeLedger(directory, consortium, [ledger, chaincode], addresses);
  }

  /** The first organization's client, as gateways use it. */
  connect(): Ledger {
    const gateway = this.#consortium.members[0]!.identities.get('gateway')!;
    return connectLedger({
      peerAddress: this.#addresses.AMSP!,
      tlsRoots: [gateway.tlsRoot],
      identity: { mspId: gateway.mspId, certificate: gateway.signer.certificate, privateKey: gateway.signer.key },
      channel: 'bench',
      chaincode: 'probe',
      readRefusal: () => undefined,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#processes) {
      if (child.exitCode !== null) continue;
      child.kill('SIGTERM');
      if (child.connected) child.disconnect();
      await once(child, 'exit');
    }
    await rm(this.#directory, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
