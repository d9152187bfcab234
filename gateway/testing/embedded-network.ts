import { randomBytes, randomInt } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keyedHash, openApiKeyStore, type Role, roleScopes } from '../auth/index.ts';
import type { Credentials } from '../cli/credentials.ts';
import { RestClient } from '../cli/rest.ts';
import { type Gateway, type GatewayOptions, readGatewayConfig, startGateway } from '../service/index.ts';
import { Child } from '../supervisor/child.ts';
import { writeConfigs } from '../supervisor/configs.ts';
import { descriptionOf } from '../supervisor/described.ts';
import { foundNetwork, issueCredentials } from '../supervisor/found.ts';
import { layoutOf } from '../supervisor/layout.ts';

const beside = (module: string, ...path: string[]) =>
  join(dirname(fileURLToPath(import.meta.resolve(module))), ...path);
const programs = {
  ledger: beside('@d-cloud/network/embedded/ledger', 'main.js'),
  storage: beside('@d-cloud/network/embedded/store', 'main.js'),
  chaincode: beside('@d-cloud/chaincode/domain', '..', 'main.js'),
};

/** The embedded ledger, its chaincode and the stores as processes, and every organization's gateway in this one: as one disposable object. */
export class EmbeddedNetwork implements AsyncDisposable {
  readonly directory: string;
  readonly credentials: Credentials;
  readonly gateways = new Map<string, Gateway>();
  readonly #children: Child[];

  private constructor(directory: string, credentials: Credentials, children: Child[]) {
    this.directory = directory;
    this.credentials = credentials;
    this.#children = children;
  }

  static async start(options: GatewayOptions = {}): Promise<EmbeddedNetwork> {
    const directory = await mkdtemp(join(tmpdir(), 'dcloud-'));
    // Tests run side by side: each looks for its ports somewhere else.
    await descriptionOf(directory, randomInt(12_000, 30_000));
    const found = await foundNetwork(directory, new Date());
    await writeConfigs(directory, found);
    const credentials = await issueCredentials(directory, found);
    const [runDirectory, logDirectory] = [join(directory, 'run'), join(directory, 'logs')];
    await mkdir(runDirectory, { recursive: true });
    await mkdir(logDirectory, { recursive: true });
    const layout = layoutOf(directory);
    const specs = [
      { name: 'ledger', program: programs.ledger, config: layout.ledgerConfig },
      { name: 'chaincode', program: programs.chaincode, config: layout.chaincodeConfig },
      ...found.description.organizations.map(({ name }) => {
        return {
          name: `storage-${name}`,
          program: programs.storage,
          config: layout.ofOrganization(name).storageConfig,
        };
      }),
    ];
    const children = specs.map(
      (spec) =>
        new Child({ ...spec, readyWithinMs: 60_000 }, { runDirectory, logDirectory, onChange: () => undefined }),
    );
    const network = new EmbeddedNetwork(directory, credentials, children);
    try {
      await Promise.all(children.map((child) => child.start()));
      for (const { name } of found.description.organizations) await network.startGateway(name, options);
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
    return network;
  }

  async startGateway(name: string, options: GatewayOptions = {}): Promise<Gateway> {
    const file = layoutOf(this.directory).ofOrganization(name).gatewayConfig;
    const gateway = await startGateway(readGatewayConfig(await readFile(file, 'utf8'), file), options);
    this.gateways.set(name, gateway);
    return gateway;
  }

  /** One of the processes: `ledger`, `chaincode`, `storage-<organization>`. */
  child(name: string): Child {
    const child = this.#children.find(({ spec }) => spec.name === name);
    if (child === undefined) throw new Error(`there is no process ${name}`);
    return child;
  }

  rest(organization: string, role: string): RestClient {
    const known = this.credentials.organizations[organization];
    if (known?.keys[role] === undefined) throw new Error(`no key for ${role} of ${organization}`);
    return new RestClient(known.rest, known.keys[role]);
  }

  /** Makes it a consortium that can work: purposes, and every organization's storage nodes. */
  async join(purposes: readonly string[]): Promise<void> {
    await this.rest('cedar', 'admin').call('PUT', '/purposes', {
      body: { purposes: purposes.map((id) => ({ id, label: id })) },
    });
    for (const [name, { services }] of this.gateways) {
      for (const { id, disk, capacityBytes } of services.config.storageNodes) {
        await this.rest(name, 'operator').call('POST', '/storage-nodes', {
          body: { id, host: name, disk, capacityBytes },
        });
      }
    }
    const registered = new Set<string>();
    for (const { services } of this.gateways.values()) {
      for await (const { event } of services.readModel.events({ signal: AbortSignal.timeout(30_000) })) {
        if (event.kind === 'organization.registered') registered.add(event.organization.mspId);
        if (registered.size === this.gateways.size) break;
      }
    }
    await this.caughtUp();
  }

  /** New API keys of an organization whose gateway lost the ones it had, one per role. */
  async issueKeys(organization: string): Promise<void> {
    const home = layoutOf(this.directory).ofOrganization(organization);
    using store = openApiKeyStore(home.apiKeys, {
      keyedHash: keyedHash(await readFile(home.organizationSecret)),
      random: randomBytes,
      clock: { now: () => new Date() },
    });
    const { keys } = this.credentials.organizations[organization]!;
    for (const role of Object.keys(roleScopes) as Role[]) keys[role] = store.issue({ name: role, role }).secretKey;
  }

  /** Waits until every gateway shows the newest block that any of them knows. */
  async caughtUp(): Promise<void> {
    const readModels = [...this.gateways.values()].map(({ services }) => services.readModel);
    const newest = Math.max(...readModels.map(({ block }) => block));
    await Promise.all(readModels.map((readModel) => readModel.waitFor(newest)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const gateway of this.gateways.values()) await gateway[Symbol.asyncDispose]();
    for (const child of this.#children.toReversed()) await child.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}
