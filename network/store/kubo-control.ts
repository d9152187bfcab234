import { Agent } from 'node:http';
import type { KuboRPCClient } from 'kubo-rpc-client';
import { Fault } from '../ledger/fault.ts';
import { type BlockCid, parseCid } from './cid.ts';

/** What a node says about itself. */
export interface NodeUsage {
  readonly blocks: number;
  readonly bytes: number;
  readonly capacityBytes: number;
}

/** The control calls to one own node, by kubo-rpc-client: who it is, what it holds, whom it is connected with. */
export class KuboControl implements AsyncDisposable {
  readonly #id: string;
  readonly #address: string;
  readonly #token: string;
  readonly #deadlineMs: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });
  #client: Promise<KuboRPCClient> | undefined;

  constructor(init: {
    readonly id: string;
    readonly address: string;
    readonly token: string;
    readonly deadlineMs: number;
  }) {
    this.#id = init.id;
    this.#address = init.address;
    this.#token = init.token;
    this.#deadlineMs = init.deadlineMs;
  }

  /** Peer id and agent of whoever answers at the node's address with the node's token. */
  identity(options: ControlOptions = {}): Promise<{ readonly peerId: string; readonly agent: string }> {
    return this.#ask(options, async (client, signal) => {
      const { id, agentVersion } = await client.id({ signal });
      return { peerId: id.toString(), agent: agentVersion };
    });
  }

  /** The release of Kubo that it is, or whose RPC it speaks. */
  version(options: ControlOptions = {}): Promise<string> {
    return this.#ask(options, async (client, signal) => (await client.version({ signal })).version);
  }

  /** Bytes and blocks held, and the capacity it was given. */
  usage(options: ControlOptions = {}): Promise<NodeUsage> {
    return this.#ask(options, async (client, signal) => {
      const { numObjects, repoSize, storageMax } = await client.repo.stat({ signal });
      return { blocks: Number(numObjects), bytes: Number(repoSize), capacityBytes: Number(storageMax) };
    });
  }

  /** Number of other IPFS nodes that it is connected with. */
  peers(options: ControlOptions = {}): Promise<number> {
    return this.#ask(options, async (client, signal) => (await client.swarm.peers({ signal })).length);
  }

  /** CIDs that are pinned. D-Cloud pins nothing, so anything here came from elsewhere. */
  async *pins({ signal }: ControlOptions = {}): AsyncGenerator<string> {
    for await (const { cid } of (await this.#open()).pin.ls(signal ? { signal } : {})) yield cid.toString();
  }

  /** CIDs of all blocks that the node holds and that could be ours: raw, sha2-256. A collector of orphans compares them with what should be there. */
  async *list({ signal }: ControlOptions = {}): AsyncGenerator<BlockCid> {
    for await (const { ref, err } of (await this.#open()).refs.local(signal ? { signal } : {})) {
      if (err) throw new Fault('unavailable', `storage node ${this.#id} cannot list its blocks: ${err}`);
      if (ref.startsWith('bafkrei')) yield parseCid(ref);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
  }

  async #ask<T>(
    { signal }: ControlOptions,
    question: (client: KuboRPCClient, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    // The deadline is the node's, not that of loading the client.
    const client = await this.#open();
    const deadline = AbortSignal.timeout(this.#deadlineMs);
    try {
      return await question(client, signal ? AbortSignal.any([signal, deadline]) : deadline);
    } catch (cause) {
      signal?.throwIfAborted();
      const status = (cause as { readonly response?: { readonly status?: number } }).response?.status;
      if (deadline.aborted) throw new Fault('timeout', `storage node ${this.#id} did not answer in time`, { cause });
      if (status === 403)
        throw new Fault('misconfigured', `storage node ${this.#id} refused the token of its RPC`, { cause });
      throw new Fault('unavailable', `storage node ${this.#id} cannot be asked`, { cause });
    }
  }

  /** The client takes most of a second to load, so it is loaded when first needed. */
  #open(): Promise<KuboRPCClient> {
    this.#client ??= import('kubo-rpc-client').then(({ create }) =>
      create({ url: this.#address, headers: { Authorization: `Bearer ${this.#token}` }, agent: this.#agent }),
    );
    return this.#client;
  }
}

interface ControlOptions {
  readonly signal?: AbortSignal;
}
