import { Fault } from '../ledger/fault.ts';
import type { BlockOptions, BlockStore } from './block-store.ts';
import { Circuit, type CircuitState } from './circuit.ts';
import { type BlockRight, OtherGateway, type PeerTls } from './gateway-node.ts';
import { OwnNode } from './own-node.ts';
import type { Patience } from './patience.ts';

/** Where a storage node is reached: an own one by its RPC, another organization's through that organization's gateway. */
export type StorageRoute =
  | { readonly kind: 'own'; readonly address: string; readonly token: string }
  | { readonly kind: 'gateway'; readonly address: string; readonly tls: PeerTls };

/** The blocks of one version by slot: slot j is the storage node that holds fragment j of every stripe. This is what sealing and opening call. */
export interface SlotBlocks {
  readonly slots: readonly string[];
  put(
    block: { readonly slot: number; readonly cid: string; readonly bytes: Uint8Array },
    options?: BlockOptions,
  ): Promise<void>;
  get(slot: number, cid: string, options?: BlockOptions): Promise<Buffer>;
  stat(slot: number, cid: string, options?: BlockOptions): Promise<number | undefined>;
  remove(slot: number, cid: string, options?: BlockOptions): Promise<boolean>;
  /** All slots, the quickest serving storage node first and the contained ones last: the order in which to ask. */
  ranked(): readonly number[];
}

export interface StorageRoutesInit {
  readonly routes: ReadonlyMap<string, StorageRoute>;
  /** Milliseconds of a clock that never goes back, default the process's. */
  readonly clock?: () => number;
  readonly deadlineMs?: number;
  readonly patience?: Patience;
}

/** A request that its caller gave up after this many times the usual answer of all storage nodes counts as a strike. */
const slowFactor = 4;
const neverSlowBelowMs = 100;

/**
 * All storage nodes that this organization can reach, with one circuit each, shared by everything that is read and written.
 * A contained storage node fails at once with Fault unavailable, so that a gather goes on with the others and a placement picks another.
 */
export class StorageRoutes implements AsyncDisposable {
  readonly #routes = new Map<string, StorageRoute>();
  readonly #circuits = new Map<string, Circuit>();
  readonly #own = new Map<string, OwnNode>();
  readonly #gateways = new Map<string, OtherGateway>();
  readonly #clock: () => number;
  readonly #waiting: { readonly deadlineMs?: number; readonly patience?: Patience };

  constructor({ routes, clock = () => performance.now(), deadlineMs, patience }: StorageRoutesInit) {
    this.#clock = clock;
    this.#waiting = { ...(deadlineMs === undefined ? {} : { deadlineMs }), ...(patience ? { patience } : {}) };
    for (const [id, route] of routes) this.set(id, route);
  }

  /** Adds a storage node, or gives it a new address; what is known of its slowness stays. */
  set(storageNode: string, route: StorageRoute): void {
    this.#routes.set(storageNode, route);
    void this.#own.get(storageNode)?.[Symbol.asyncDispose]();
    this.#own.delete(storageNode);
    if (!this.#circuits.has(storageNode)) this.#circuits.set(storageNode, new Circuit({ clock: this.#clock }));
  }

  /** Whether a storage node is asked at present. */
  state(storageNode: string): CircuitState {
    return this.#circuit(storageNode).state;
  }

  /** The blocks of a version whose fragments lie on these storage nodes, in slot order; `right` is shown to other organizations' gateways. */
  bind(slots: readonly string[], right: BlockRight): SlotBlocks {
    const at = (slot: number): BlockStore => {
      const storageNode = slots[slot];
      if (storageNode === undefined) throw new Fault('misconfigured', `there is no slot ${slot} among ${slots.length}`);
      return this.blocks(storageNode, right);
    };
    return {
      slots,
      put: async ({ slot, cid, bytes }, options) => await at(slot).put(cid, bytes, options),
      get: async (slot, cid, options) => await at(slot).get(cid, options),
      stat: async (slot, cid, options) => await at(slot).stat(cid, options),
      remove: async (slot, cid, options) => await at(slot).remove(cid, options),
      ranked: () => [...slots.keys()].sort((a, b) => this.#rank(slots[a]!) - this.#rank(slots[b]!) || a - b),
    };
  }

  /** One storage node's blocks, behind its circuit. */
  blocks(storageNode: string, right: BlockRight): BlockStore {
    const store = this.#store(storageNode, right);
    const through = <T>(ask: () => Promise<T>, signal: AbortSignal | undefined) =>
      this.#through(storageNode, ask, signal);
    return {
      put: (cid, bytes, options = {}) => through(() => store.put(cid, bytes, options), options.signal),
      get: (cid, options = {}) => through(() => store.get(cid, options), options.signal),
      stat: (cid, options = {}) => through(() => store.stat(cid, options), options.signal),
      remove: (cid, options = {}) => through(() => store.remove(cid, options), options.signal),
    };
  }

  /** An own storage node with its control calls. @throws Fault misconfigured when it is not one of ours */
  own(storageNode: string): OwnNode {
    const known = this.#own.get(storageNode);
    if (known) return known;
    const route = this.#routes.get(storageNode);
    if (route?.kind !== 'own') throw new Fault('misconfigured', `storage node ${storageNode} is not one of ours`);
    const { address, token } = route;
    const node = new OwnNode({ id: storageNode, address, token, ...this.#waiting });
    this.#own.set(storageNode, node);
    return node;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const gateway of this.#gateways.values()) gateway[Symbol.dispose]();
    for (const node of this.#own.values()) await node[Symbol.asyncDispose]();
  }

  async #through<T>(storageNode: string, ask: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const circuit = this.#circuit(storageNode);
    if (!circuit.admit())
      throw new Fault('unavailable', `storage node ${storageNode} is contained: it was slow or failed`);
    const began = this.#clock();
    try {
      const result = await ask();
      circuit.answered(this.#clock() - began);
      return result;
    } catch (cause) {
      const tookMs = this.#clock() - began;
      if (signal?.aborted) this.#isSlow(tookMs) ? circuit.struck() : circuit.left();
      else if (!(cause instanceof Fault)) circuit.answered(tookMs);
      // A full storage node still serves reads: only what asking again could cure, lies and a wrong address count.
      else if (cause.retryable || cause.kind === 'corrupt' || cause.kind === 'misconfigured') circuit.struck();
      else circuit.left();
      throw cause;
    }
  }

  #isSlow(tookMs: number): boolean {
    const usual = [...this.#circuits.values()].flatMap(({ usualMs }) => usualMs ?? []).sort((a, b) => a - b);
    const median = usual[usual.length >> 1];
    return median !== undefined && tookMs > Math.max(neverSlowBelowMs, median * slowFactor);
  }

  #rank(storageNode: string): number {
    const circuit = this.#circuit(storageNode);
    if (circuit.state !== 'serving') return Number.MAX_VALUE;
    return circuit.usualMs ?? 0;
  }

  #circuit(storageNode: string): Circuit {
    const circuit = this.#circuits.get(storageNode);
    if (!circuit) throw new Fault('misconfigured', `no way to storage node ${storageNode} is known`);
    return circuit;
  }

  #store(storageNode: string, right: BlockRight): BlockStore {
    const route = this.#routes.get(storageNode);
    if (route?.kind !== 'gateway') return this.own(storageNode);
    const { address, tls } = route;
    const known = this.#gateways.get(address);
    const gateway = known ?? new OtherGateway({ address, tls, ...this.#waiting });
    this.#gateways.set(address, gateway);
    return gateway.blocks(storageNode, right);
  }
}
