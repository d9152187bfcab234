import { ChaincodeConnection } from '../chaincode/connection.ts';
import { RecordLog } from '../engine/record-log.ts';
import type { Storage } from '../engine/storage.ts';
import { sha256 } from '../msp/signature.ts';
import { readPackage } from './package-file.ts';

/** Where the service of a package listens and how to speak to it, by the package's label. */
export type Services = ReadonlyMap<string, Omit<ConstructorParameters<typeof ChaincodeConnection>[0], 'name'>>;

interface Installed {
  readonly packageId: string;
  readonly label: string;
  readonly record: number;
}

/** The chaincode packages that one organization's peer has, in a file of its own, and the services that they run as. */
export class InstalledPackages implements AsyncDisposable {
  readonly #records: RecordLog;
  readonly #services: Services;
  readonly #installed = new Map<string, Installed>();
  readonly #connections = new Map<string, ChaincodeConnection>();
  #last: Promise<unknown> = Promise.resolve();

  private constructor(records: RecordLog, services: Services) {
    this.#records = records;
    this.#services = services;
  }

  static async open(storage: Storage, mspId: string, services: Services): Promise<InstalledPackages> {
    const found: Buffer[] = [];
    const { records } = await RecordLog.open(await storage.open(`packages/${mspId}.records`), (bytes) => {
      found.push(bytes);
    });
    const packages = new InstalledPackages(records, services);
    for (const [record, bytes] of found.entries()) packages.#note(bytes, record);
    return packages;
  }

  /** Keeps a package; resolves with its id when it is on disk. Throws Fabric's words for why it is not installed. */
  async install(bytes: Buffer): Promise<{ readonly packageId: string; readonly label: string }> {
    const { type, label } = within('could not parse as a chaincode install package', () => readPackage(bytes));
    const packageId = idOf(label, bytes);
    const turn = this.#last.then(async () => {
      if (this.#installed.has(packageId)) {
        throw new Error(`chaincode already successfully installed (package ID '${packageId}')`);
      }
      // The words of a peer with our builder: it has no Docker for other types, and no service to release.
      if (type !== 'ccaas') throw new Error('could not build chaincode: docker build failed: docker build is disabled');
      if (!this.#services.has(label)) {
        const why = "external builder failed to release: builder 'dcloud' release failed: exit status 1";
        throw new Error(`could not build chaincode: external builder failed: ${why}`);
      }
      await this.#records.append(bytes);
      return this.#note(bytes, this.#records.count - 1);
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  find(packageId: string): { readonly packageId: string; readonly label: string } | undefined {
    return this.#installed.get(packageId);
  }

  /** By package id. */
  all(): readonly { readonly packageId: string; readonly label: string }[] {
    return [...this.#installed.values()].sort((a, b) => (a.packageId < b.packageId ? -1 : 1));
  }

  /** The package's bytes as they were installed. */
  async read(packageId: string): Promise<Buffer | undefined> {
    const installed = this.#installed.get(packageId);
    return installed === undefined ? undefined : this.#records.read(installed.record);
  }

  /** The service that runs a package; `undefined` where it is not installed or no service is configured for its label any more. */
  connection(packageId: string): ChaincodeConnection | undefined {
    const installed = this.#installed.get(packageId);
    const service = installed && this.#services.get(installed.label);
    if (service === undefined) return undefined;
    let connection = this.#connections.get(packageId);
    if (connection === undefined) {
      connection = new ChaincodeConnection({ name: packageId, ...service });
      this.#connections.set(packageId, connection);
    }
    return connection;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections.values()) connection[Symbol.dispose]();
    await this.#last;
    await this.#records.log.close();
  }

  #note(bytes: Buffer, record: number): Installed {
    const { label } = readPackage(bytes);
    const installed = { packageId: idOf(label, bytes), label, record };
    this.#installed.set(installed.packageId, installed);
    return installed;
  }
}

const idOf = (label: string, bytes: Buffer): string => `${label}:${sha256(bytes).toString('hex')}`;

function within<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw new Error(`${what}: ${(cause as Error).message}`, { cause });
  }
}
