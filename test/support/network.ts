import { randomInt } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Credentials, type RestClient, readCredentials, signIn } from '@d-cloud/gateway/cli';
import {
  descriptionOf,
  holdFile,
  holdProcess,
  keepDescription,
  layoutOf,
  type NetworkKind,
  planDirectory,
  readState,
  readWanted,
  releaseProcess,
  startSupervisor,
} from '@d-cloud/gateway/supervisor';
import { ownPorts } from './ports.ts';
import { type Scratch, scratch } from './scratch.ts';
import { until } from './until.ts';

export type OrganizationName = 'alder' | 'birch' | 'cedar';
export type RoleName = 'data-team' | 'compliance' | 'admin' | 'operator' | 'model-owner';
type Description = Awaited<ReturnType<typeof descriptionOf>>;

const startWithinMs = 150_000;

/** Set by the run on the real network, whose stories are these same ones; everywhere else the network is the embedded one. */
const { networkKind } = globalThis as unknown as { readonly networkKind?: NetworkKind };

/**
 * Starts a network of its own in an empty directory, the usual one or with the organizations that are wanted. Disposing ends every
 * process of it and removes the directory.
 */
export async function startNetwork(organizations?: readonly object[]): Promise<Network> {
  const home = await scratch();
  try {
    const [lowest, highest] = ownPorts();
    // Free ones are looked for from here upwards.
    const preferred = randomInt(lowest, highest - 500);
    if (organizations !== undefined) await describe(home.directory, organizations, preferred);
    const description = await descriptionOf(home.directory, preferred, networkKind);
    await startSupervisor(home.directory, { onStep: () => undefined, withinMs: startWithinMs });
    return new Network(home, description, await readCredentials(home.directory));
  } catch (error) {
    await home[Symbol.asyncDispose]();
    throw error;
  }
}

async function describe(directory: string, organizations: readonly object[], preferred: number): Promise<void> {
  const { kind = 'embedded', ...binaries } = networkKind ?? {};
  const wanted = readWanted(JSON.stringify({ network: kind, ...binaries, organizations }), 'the network of this test');
  const { planned } = await planDirectory(directory, { wanted, preferred });
  await keepDescription(directory, planned);
}

/** A network of organizations that runs: REST clients by organization and role, and power over its processes. */
export class Network implements AsyncDisposable {
  readonly description: Description;
  readonly credentials: Credentials;
  readonly #home: Scratch;

  constructor(home: Scratch, description: Description, credentials: Credentials) {
    this.#home = home;
    this.description = description;
    this.credentials = credentials;
  }

  get directory(): string {
    return this.#home.directory;
  }

  get layout() {
    return layoutOf(this.directory);
  }

  as(organization: OrganizationName, role: RoleName = 'data-team'): RestClient {
    return signIn(this.credentials, organization, role);
  }

  organization(name: OrganizationName): Description['organizations'][number] {
    return this.description.organizations.find((one) => one.name === name)!;
  }

  /** Ends a process as `kill -9` does and keeps it down. Resolves when it is gone and its supervisor knows. */
  async hold(process: string): Promise<void> {
    await holdProcess(this.directory, process);
    await this.becomes(process, 'held');
  }

  /** Lets a held process start again and waits until it serves. */
  async release(process: string): Promise<void> {
    await releaseProcess(this.directory, process);
    await this.becomes(process, 'ready');
  }

  /** Ends a process as `kill -9` does; it is back and serves when this resolves. */
  async kill(process: string): Promise<void> {
    await this.hold(process);
    await this.release(process);
  }

  /** Ends an organization's storage nodes as `kill -9` does and keeps them down. On the real network each is a process of its own. */
  async holdStorage(organization: OrganizationName): Promise<void> {
    for (const name of await this.#storageOf(organization)) await this.hold(name);
  }

  async releaseStorage(organization: OrganizationName): Promise<void> {
    for (const name of await this.#storageOf(organization)) await this.release(name);
  }

  async #storageOf(organization: OrganizationName): Promise<readonly string[]> {
    const names = (await readState(this.directory))?.processes.map(({ name }) => name) ?? [];
    const found = names.filter((name) => `${name}-`.startsWith(`storage-${organization}-`));
    if (found.length === 0) throw new Error(`${organization} has no storage`);
    return found;
  }

  /** Sends a signal to a process that stays as it is: SIGSTOP and SIGCONT. */
  async signal(name: string, signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const pid = (await readState(this.directory))?.processes.find((one) => one.name === name)?.pid;
    if (pid === undefined) throw new Error(`there is no process ${name}`);
    process.kill(pid, signal);
  }

  becomes(process: string, state: 'held' | 'ready'): Promise<true> {
    return until(`${process} to be ${state}`, async () => {
      const known = await readState(this.directory);
      return known?.processes.some((one) => one.name === process && one.state === state);
    });
  }

  /** Ends an organization's gateway, as `kill -9` does, when it next passes the named line of its code; see {@link revive}. */
  async arm(organization: OrganizationName, failpoint: string): Promise<void> {
    const gateway = `gateway-${organization}`;
    await this.hold(gateway);
    await this.#configure(organization, [`${failpoint}:kill`]);
    await this.release(gateway);
    await writeFile(holdFile(join(this.directory, 'run'), gateway), '');
  }

  /** Starts a gateway that is held, armed, and waits until it has died at that line of what it goes on with by itself, maybe before it serves. */
  async reach(organization: OrganizationName, failpoint: string): Promise<void> {
    const gateway = `gateway-${organization}`;
    await this.becomes(gateway, 'held');
    await this.#configure(organization, [`${failpoint}:kill`]);
    await releaseProcess(this.directory, gateway);
    await until(`${gateway} to begin`, async () => {
      const known = await readState(this.directory);
      return known?.processes.some((one) => one.name === gateway && one.state !== 'held');
    });
    await writeFile(holdFile(join(this.directory, 'run'), gateway), '');
    await this.becomes(gateway, 'held');
  }

  /** Waits until an armed gateway has died where it should, and starts it again with nothing armed. */
  async revive(organization: OrganizationName): Promise<void> {
    await this.becomes(`gateway-${organization}`, 'held');
    await this.#configure(organization, []);
    await this.release(`gateway-${organization}`);
  }

  async #configure(organization: OrganizationName, failpoints: readonly string[]): Promise<void> {
    const file = this.layout.ofOrganization(organization).gatewayConfig;
    const config = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...config, failpoints }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#home[Symbol.asyncDispose]();
  }
}
