import { contracts } from '../contracts/index.ts';
import {
  canonicalJson,
  type DomainEvent,
  type EvaluateName,
  type Evaluates,
  readRefusal,
  type SubmitName,
  type Submits,
  sha256,
} from '../domain/index.ts';
import { Chaincode } from '../fabric.ts';
import { type TestIdentity, testIdentity } from './certificate.ts';
import { ChannelState, type ReadWriteSet } from './state.ts';
import { type Proposal, SimulationStub } from './stub.ts';

/** What a peer would send back for one proposal. */
export type Simulation = {
  readonly status: number;
  readonly message: string;
  readonly payload: string;
  readonly set: ReadWriteSet;
};

export type CallOptions = {
  readonly as: TestIdentity;
  /** Idempotency key; a fresh one unless given. */
  readonly key?: string;
  readonly digest?: string;
  readonly atMs?: number;
  readonly transient?: Readonly<Record<string, Uint8Array>>;
};

/** A channel with the chaincode on it, in memory: each submitted transaction is a block of its own. */
export class Consortium {
  readonly state = new ChannelState();
  readonly events: DomainEvent[] = [];
  nowMs = Date.UTC(2026, 10, 22, 12);
  readonly #chaincode = new Chaincode(contracts);
  readonly #identities = new Map<string, TestIdentity>();
  #count = 0;

  /** The certificate of an organization's role, always the same one. */
  identity(mspId: string, role?: string): TestIdentity {
    const name = `${mspId} ${role}`;
    const identity = this.#identities.get(name) ?? testIdentity(mspId, role);
    this.#identities.set(name, identity);
    return identity;
  }

  /** Simulates without committing, so that two transactions can be made to race. */
  async simulate(
    proposal: Omit<Proposal, 'channel' | 'transaction' | 'atMs'> & { atMs?: number; transaction?: string },
  ): Promise<Simulation> {
    const stub = new SimulationStub(this.state, {
      channel: 'dcloud',
      transaction: sha256(`transaction ${++this.#count}`),
      atMs: this.nowMs,
      ...proposal,
    });
    const answer = await this.#chaincode.Invoke(stub.asStub());
    const { status, message, payload } = answer as { status: number; message: string; payload?: Uint8Array };
    return { status, message, payload: Buffer.from(payload ?? []).toString(), set: stub.readWriteSet() };
  }

  proposal<N extends SubmitName>(name: N, body: Submits[N]['body'], options: CallOptions) {
    const { as, key = `key-${++this.#count}`, digest = sha256(canonicalJson(body)), atMs, transient } = options;
    const stamp = { key, person: sha256('a person'), digest };
    return {
      mspId: as.mspId,
      certificate: as.certificate,
      name,
      args: [canonicalJson(body), canonicalJson(stamp)],
      ...(atMs === undefined ? {} : { atMs }),
      ...(transient === undefined ? {} : { transient }),
    };
  }

  /** Simulates and commits. Throws the refusal, or an Error with the peer's text. */
  async submit<N extends SubmitName>(
    name: N,
    body: Submits[N]['body'],
    options: CallOptions,
  ): Promise<Submits[N]['result']> {
    const simulation = await this.simulate(this.proposal(name, body, options));
    return this.commit<N>(simulation);
  }

  commit<N extends SubmitName>({ status, message, payload, set }: Simulation): Submits[N]['result'] {
    if (status >= 400) throw readRefusal(message) ?? new Error(message);
    const code = this.state.commit(set);
    if (code !== 'VALID') throw new Error(code);
    if (set.event !== undefined) this.events.push(...JSON.parse(Buffer.from(set.event.payload).toString()));
    return JSON.parse(payload);
  }

  async evaluate<N extends EvaluateName>(
    name: N,
    body: Evaluates[N]['body'],
    as: TestIdentity,
  ): Promise<Evaluates[N]['result']> {
    const { mspId, certificate } = as;
    const { status, message, payload, set } = await this.simulate({
      mspId,
      certificate,
      name,
      args: [canonicalJson(body)],
    });
    if (status >= 400) throw readRefusal(message) ?? new Error(message);
    if (set.writes.size > 0) throw new Error(`${name} wrote ${[...set.writes.keys()].join(', ')}`);
    return JSON.parse(payload);
  }
}
