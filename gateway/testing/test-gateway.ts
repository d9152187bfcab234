import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MspId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { keyedHash, openApiKeyStore, type Role } from '../auth/index.ts';
import { type GatewayConfig, gatewayConfigSchema } from '../config.ts';
import { type Gateway, type GatewayOptions, startGateway } from '../service/start-gateway.ts';
import type { InProcessChannel } from './in-process-channel.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests look at answers as they come
export type Loose = any;

export type CallOptions = {
  readonly body?: unknown;
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly role?: Role;
  readonly signal?: AbortSignal;
};

function nothingStored(version: string): never {
  throw new Fault('corrupt', `The keys of ${version} are not in this gateway's key store.`);
}

/** One organization's gateway over the in-process channel, in a directory of its own that outlives restarts. */
export class TestGateway implements AsyncDisposable {
  readonly directory: string;
  readonly config: GatewayConfig;
  readonly #channel: InProcessChannel;
  readonly #options: GatewayOptions;
  readonly #keys = new Map<Role, string>();
  #gateway: Gateway | undefined;

  constructor(channel: InProcessChannel, name: string, options: GatewayOptions = {}) {
    this.directory = mkdtempSync(join(tmpdir(), `gateway-${name}-`));
    this.#channel = channel;
    this.#options = options;
    const secret = join(this.directory, 'secret');
    writeFileSync(secret, name.padEnd(32, '.'));
    const mspId = `${name[0]?.toUpperCase()}${name.slice(1)}MSP` as MspId;
    this.config = gatewayConfigSchema.parse({
      organization: { name, mspId },
      data: this.directory,
      rest: { port: 0 },
      peer: { port: 0, tls: { certificate: 'none', key: 'none' } },
      ledger: { address: 'in-process', tlsRoot: 'none', identities: {} },
      organizationSecret: secret,
      logLevel: 'silent',
    });
  }

  get gateway(): Gateway {
    if (this.#gateway === undefined) throw new Error('the gateway is not started');
    return this.#gateway;
  }

  async start(): Promise<this> {
    const { organization } = this.config;
    this.#gateway = await startGateway(this.config, {
      openChannel: this.#channel.openerFor(organization.mspId),
      openBytes: async () => ({
        // No bytes here: nothing lies anywhere.
        powers: {
          custody: { heldOn: () => [], stuckOn: () => [], storageOf: nothingStored },
          failpoint: () => undefined,
        } as never,
        probes: [],
        peerAddress: undefined,
        agreementKey: undefined,
        async [Symbol.asyncDispose]() {},
      }),
      checkReplies: true,
      ...this.#options,
    });
    return this;
  }

  async stop(): Promise<void> {
    await this.#gateway?.[Symbol.asyncDispose]();
    this.#gateway = undefined;
  }

  /** An API key of the role, issued when first asked for. */
  apiKey(role: Role): string {
    const known = this.#keys.get(role);
    if (known !== undefined) return known;
    const powers = {
      keyedHash: keyedHash(Buffer.from(this.config.organization.name.padEnd(32, '.'))),
      random: randomBytes,
      clock: { now: () => new Date() },
    };
    using store = openApiKeyStore(join(this.directory, 'api-keys.sqlite'), powers);
    const { secretKey } = store.issue({ name: `the ${role}`, role });
    this.#keys.set(role, secretKey);
    return secretKey;
  }

  async fetch(
    method: string,
    path: string,
    { body, key, headers = {}, role = 'data-team', signal }: CallOptions = {},
  ): Promise<Response> {
    const sent: Record<string, string> = { authorization: `Bearer ${this.apiKey(role)}` };
    if (method !== 'GET' && key !== null) sent['idempotency-key'] = key ?? randomUUID();
    if (body !== undefined) sent['content-type'] = 'application/json';
    return fetch(`${this.gateway.rest}${path}`, {
      method,
      headers: { ...sent, ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  }

  async call(
    method: string,
    path: string,
    options?: CallOptions,
  ): Promise<{ status: number; headers: Headers; body: Loose }> {
    const response = await this.fetch(method, path, options);
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
