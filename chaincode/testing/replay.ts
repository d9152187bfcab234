/**
 * One peer's half of the twin test: replays recorded proposals, one block each, and prints a digest of every read/write set.
 * Usage: replay.js RECORDING; the odd twin's clock, randomness and key order are another machine's.
 */
import { readFileSync } from 'node:fs';
import { contracts } from '../contracts/index.ts';
import { sha256 } from '../domain/index.ts';
import { Chaincode } from '../fabric.ts';
import { ChannelState, type ReadWriteSet } from './state.ts';
import { SimulationStub } from './stub.ts';

export type Recorded = {
  readonly transaction: string;
  readonly atMs: number;
  readonly mspId: string;
  readonly certificate: string;
  readonly name: string;
  readonly args: readonly string[];
  /** Base64 by name. */
  readonly transient: Readonly<Record<string, string>>;
};

if (process.env.TWIN === 'odd') {
  Math.random = () => 0.25;
  Date.now = () => 0;
}

function digestOf(set: ReadWriteSet, answer: { status: number; message: string; payload?: Uint8Array }): string {
  const plain = (value: unknown): unknown => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
    return value instanceof Map ? [...value].map(([key, entry]) => [key, plain(entry)]) : value;
  };
  const { reads, ranges, writes, policies, privateWrites, event } = set;
  const seen = [reads, ranges, writes, policies, privateWrites].map(plain);
  const said = [answer.status, answer.message, plain(answer.payload), event?.name, plain(event?.payload)];
  return sha256(JSON.stringify([seen, said]));
}

const [recording] = process.argv.slice(2);
if (recording === undefined) throw new Error('usage: replay.js RECORDING');
const proposals: readonly Recorded[] = JSON.parse(readFileSync(recording, 'utf8'));
const chaincode = new Chaincode(contracts);
const state = new ChannelState();
for (const { transient, ...proposal } of proposals) {
  const beside = Object.fromEntries(
    Object.entries(transient).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
  );
  const stub = new SimulationStub(state, { channel: 'dcloud', ...proposal, transient: beside });
  const answer = (await chaincode.Invoke(stub.asStub())) as { status: number; message: string; payload?: Uint8Array };
  const set = stub.readWriteSet();
  if (answer.status < 400) state.commit(set);
  process.stdout.write(`${digestOf(set, answer)}\n`);
}
