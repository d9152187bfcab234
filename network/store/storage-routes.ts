import { isDeepStrictEqual } from 'node:util';
import { Fault } from '../ledger/fault.ts';
import type { BlockOptions, BlockStore, IntakeOptions, UnverifiedBlocks } from './block-store.ts';
import { Circuit, type CircuitState } from './circuit.ts';
import { type BlockRight, OtherGateway, type PeerTls } from './gateway-node.ts';
import { OwnNode } from './own-node.ts';
import type { Patience } from './patience.ts';
import { StoreRefusal } from './refusal.ts';

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
  getUnverified(slot: number, cid: string, options?: IntakeOptions): Promise<Uint8Array>;
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
  readonly #ways = new Map<string, Way>();
  readonly #opened = new AsyncDisposableStack();
  readonly #clock: () => number;
  readonly #waiting: { readonly deadlineMs?: number; readonly patience?: Patience };

  constructor({ routes, clock = () => performance.now(), deadlineMs, patience }: StorageRoutesInit) {
    this.#clock = clock;
    this.#waiting = { ...(deadlineMs === undefined ? {} : { deadlineMs }), ...(patience ? { patience } : {}) };
    for (const [id, route] of routes) this.set(id, route);
  }

  /** Adds a storage node, or gives it a new address; what is known of its slowness stays, and so do requests under way. The same route again changes nothing. */
  set(storageNode: string, route: StorageRoute): void {
    const known = this.#ways.get(storageNode);
    if (known && isDeepStrictEqual(known.route, route)) return;
    const circuit = known?.circuit ?? new Circuit({ clock: this.#clock });
    this.#ways.set(storageNode, { route, circuit, reached: this.#reach(storageNode, route) });
  }

  /** Whether a storage node is asked at present. */
  state(storageNode: string): CircuitState {
    return this.#way(storageNode).circuit.state;
  }

  /** The blocks of a version whose fragments lie on these storage nodes, in slot order; `right` is shown to other organizations' gateways. */
  bind(slots: readonly string[], right: BlockRight): SlotBlocks {
    const at = (slot: number) => {
      const storageNode = slots[slot];
      if (storageNode === undefined) throw new Fault('misconfigured', `there is no slot ${slot} among ${slots.length}`);
      return this.blocks(storageNode, right);
    };
    return {
      slots,
      put: async ({ slot, cid, bytes }, options) => await at(slot).put(cid, bytes, options),
      get: async (slot, cid, options) => await at(slot).get(cid, options),
      getUnverified: async (slot, cid, options) => await at(slot).getUnverified(cid, options),
      stat: async (slot, cid, options) => await at(slot).stat(cid, options),
      remove: async (slot, cid, options) => await at(slot).remove(cid, options),
      ranked: () => [...slots.keys()].sort((a, b) => this.#rank(slots[a]!) - this.#rank(slots[b]!) || a - b),
    };
  }

  /** One storage node's blocks, behind its circuit. */
  blocks(storageNode: string, right: BlockRight): BlockStore & UnverifiedBlocks {
    const { reached } = this.#way(storageNode);
    const store = reached instanceof OwnNode ? reached : reached.blocks(storageNode, right);
    const through = <T>(ask: () => Promise<T>, signal: AbortSignal | undefined) =>
      this.#through(storageNode, ask, signal);
    return {
      put: (cid, bytes, options = {}) => through(() => store.put(cid, bytes, options), options.signal),
      get: (cid, options = {}) => through(() => store.get(cid, options), options.signal),
      getUnverified: (cid, options = {}) => through(() => store.getUnverified(cid, options), options.signal),
      stat: (cid, options = {}) => through(() => store.stat(cid, options), options.signal),
      remove: (cid, options = {}) => through(() => store.remove(cid, options), options.signal),
    };
  }

  /** An own storage node with its control calls. @throws Fault misconfigured when it is not one of ours */
  own(storageNode: string): OwnNode {
    const reached = this.#ways.get(storageNode)?.reached;
    if (reached instanceof OwnNode) return reached;
    throw new Fault('misconfigured', `storage node ${storageNode} is not one of ours`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync();
  }

  async #through<T>(storageNode: string, ask: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const { circuit } = this.#way(storageNode);
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
      else if (cause instanceof StoreRefusal && cause.kind !== 'invalid') circuit.answered(tookMs);
      // What was refused here, before anything was sent, says nothing about the storage node.
      else if (!(cause instanceof Fault)) circuit.left();
      // A full storage node still serves reads: only what asking again could cure, lies and a wrong address count.
      else if (cause.retryable || cause.kind === 'corrupt' || cause.kind === 'misconfigured') circuit.struck();
      else circuit.left();
      throw cause;
    }
  }

  #isSlow(tookMs: number): boolean {
    const usual = [...this.#ways.values()].flatMap(({ circuit }) => circuit.usualMs ?? []).sort((a, b) => a - b);
    const median = usual[usual.length >> 1];
    return median !== undefined && tookMs > Math.max(neverSlowBelowMs, median * slowFactor);
  }

  #rank(storageNode: string): number {
    const { circuit } = this.#way(storageNode);
    if (circuit.state !== 'serving') return Number.MAX_VALUE;
    return circuit.usualMs ?? 0;
  }

  #way(storageNode: string): Way {
    const way = this.#ways.get(storageNode);
    if (!way) throw new Fault('misconfigured', `no way to storage node ${storageNode} is known`);
    return way;
  }

  #reach(storageNode: string, route: StorageRoute): OwnNode | OtherGateway {
    if (route.kind === 'own') {
      const { address, token } = route;
      return this.#opened.use(new OwnNode({ id: storageNode, address, token, ...this.#waiting }));
    }
    // Storage nodes behind one gateway share its connections.
    const shared = [...this.#ways.values()].find((way) => isDeepStrictEqual(way.route, route));
    const { address, tls } = route;
    return shared?.reached ?? this.#opened.use(new OtherGateway({ address, tls, ...this.#waiting }));
  }
}

/** How one storage node is reached now, and what is known of it. */
interface Way {
  readonly route: StorageRoute;
  readonly circuit: Circuit;
  readonly reached: OwnNode | OtherGateway;
}
