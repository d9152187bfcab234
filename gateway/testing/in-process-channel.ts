/** The chaincode on an in-memory channel, as several gateways in one process see it: for tests that need the rules but no wire. */
import { once } from 'node:events';
import { canonicalJson, type DomainEvent, type MspId, readRefusal, sha256 } from '@d-cloud/chaincode/domain';
import { Consortium, type Simulation, type TestIdentity } from '@d-cloud/chaincode/testing';
import { Fault, type Ledger } from '@d-cloud/network/ledger';
import type { LedgerRole } from '../config.ts';
import { gatewayLedger } from '../fabric-ledger.ts';
import type { GatewayLedger } from '../ledger.ts';
import type { ChannelBlock, ChannelTransaction } from '../projection/index.ts';
import type { OpenChannel } from '../service/open-channel.ts';

type Call = Parameters<Ledger['submit']>;

export class InProcessChannel {
  readonly consortium = new Consortium();
  readonly blocks: ChannelBlock[] = [];
  /** Called before a committed transaction is told of: a test may throw here, as a gateway that dies would. */
  afterCommit: (() => void) | undefined;
  readonly #grown = new EventTarget();

  constructor() {
    this.#add([]);
  }

  /** One organization's way to the channel, for `startGateway`. */
  openerFor(mspId: MspId): OpenChannel {
    return (config, projected) => {
      const views = new Map<LedgerRole, GatewayLedger>();
      const as = (role: LedgerRole): GatewayLedger => {
        const known = views.get(role) ?? gatewayLedger(() => this.#ledgerOf(mspId, role), mspId, projected, as);
        views.set(role, known);
        return known;
      };
      return {
        ledger: as('gateway'),
        // Evidence asks Fabric itself; tests of it run on the embedded network.
        fabric: { mspId, channel: config.channel } as unknown as Ledger,
        blocks: (request) => this.#read(request),
        height: async () => this.blocks.length,
        // Nobody else speaks to these gateways.
        configurations: async () => ({ inForce: { sequence: 0, applicationMsps: new Map() }, before: [] }),
        async [Symbol.asyncDispose]() {},
      };
    };
  }

  #ledgerOf(mspId: MspId, role: LedgerRole): Pick<Ledger, 'submit' | 'evaluate'> {
    const identity = this.consortium.identity(mspId, role);
    return {
      submit: (...call) => this.#submit(identity, call),
      evaluate: async (name, args) => {
        const { status, message, payload } = await this.consortium.simulate({ ...signer(identity), name, args });
        if (status >= 400) throw readRefusal(message) ?? new Error(message);
        return Buffer.from(payload);
      },
    };
  }

  async #submit(identity: TestIdentity, [name, args, request = {}]: Call): ReturnType<Ledger['submit']> {
    for (let attempt = 0; attempt < 8; attempt++) {
      const transient = request.transient as Record<string, Uint8Array> | undefined;
      const id = sha256(`transaction ${this.blocks.length} ${attempt}`);
      const proposal = { ...signer(identity), name, args, transaction: id, ...(transient && { transient }) };
      const simulation = await this.consortium.simulate(proposal);
      const { status, message, payload, set } = simulation;
      if (status >= 400) throw readRefusal(message) ?? new Error(message);
      const validation = this.consortium.state.commit(set);
      const blockNumber = this.#add([
        { id, creator: identity.mspId, function: name, validation, events: eventsOf(set) },
      ]);
      this.afterCommit?.();
      if (validation === 'VALID') return { transactionId: id, blockNumber, result: Buffer.from(payload) };
    }
    throw new Fault('contended', `${name} met a conflict eight times`);
  }

  #add(transactions: readonly Omit<ChannelTransaction, 'index' | 'time'>[]): number {
    const number = this.blocks.length;
    const previousHash = this.blocks.at(-1)?.hash ?? '';
    const time = new Date(this.consortium.nowMs).toISOString();
    const hash = sha256(canonicalJson([number, previousHash, transactions.map(({ id }) => id)]));
    this.blocks.push({
      number,
      hash,
      previousHash,
      transactions: transactions.map((one, index) => ({ ...one, index, time })),
    });
    this.#grown.dispatchEvent(new Event('grown'));
    return number;
  }

  async *#read({
    startBlock,
    signal,
  }: {
    readonly startBlock: number;
    readonly signal: AbortSignal;
  }): AsyncGenerator<ChannelBlock> {
    for (let next = startBlock; ; next++) {
      for (let block = this.blocks[next]; ; block = this.blocks[next]) {
        if (block !== undefined) {
          yield block;
          break;
        }
        await once(this.#grown, 'grown', { signal });
      }
    }
  }
}

const signer = ({ mspId, certificate }: TestIdentity) => ({ mspId, certificate });

function eventsOf({ event }: Simulation['set']): readonly DomainEvent[] {
  return event === undefined ? [] : (JSON.parse(Buffer.from(event.payload).toString()) as DomainEvent[]);
}
