import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EngineWorld } from '../testing/engine-world.ts';
import { MemoryStorage } from '../testing/memory-storage.ts';
import { Envelope, Payload } from '../wire/envelope.ts';
import { ChaincodeAction, ChaincodeActionPayload, ProposalResponsePayload, Transaction } from '../wire/proposal.ts';
import { HashedRwSet, TxRwSet } from '../wire/rwset.ts';
import type { Ledger } from './ledger.ts';
import { type LedgerTransaction, readTransaction } from './transaction.ts';

let world: EngineWorld;
let ledger: Ledger;
let storage: MemoryStorage;
beforeAll(async () => {
  world = await EngineWorld.found();
  storage = new MemoryStorage();
  ledger = await world.open(storage);
});

/** Each with a key of its own: policies that cannot be read would stand in the way of the next. */
let serial = 0;
const sound = (): LedgerTransaction =>
  world.transaction(ledger, (simulation) => {
    const key = `k${++serial}`;
    simulation.get('cc', key);
    simulation.range('cc', '', '')();
    simulation.put('cc', key, Buffer.from('v'));
    simulation.putPrivate('cc', '_implicit_org_A', key, { value: Buffer.from('s') });
    simulation.putMetadata('cc', key, { VALIDATION_PARAMETER: Buffer.from('00', 'hex') });
  });

/** Overwrites, inserts or cuts bytes. */
function mutated(bytes: Buffer, at: number, kind: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  const i = at % bytes.length;
  if (kind === 0) copy[i] = value;
  if (kind === 1) return Buffer.concat([copy.subarray(0, i), Buffer.from([value, value]), copy.subarray(i)]);
  return kind === 2 ? copy.subarray(0, i) : copy;
}

/** The same transaction with its results replaced and endorsed again by an organization that plays false. */
function withResults(transaction: LedgerTransaction, change: (results: Buffer) => Buffer): Buffer {
  const { header, data } = Payload.decode(transaction.envelope.payload);
  const [action] = Transaction.decode(data).actions;
  const body = ChaincodeActionPayload.decode(action!.payload);
  const proposed = ProposalResponsePayload.decode(body.action!.proposalResponsePayload);
  const inner = ChaincodeAction.decode(proposed.extension);
  const extension = ChaincodeAction.encode({ ...inner, results: change(inner.results) });
  const proposalResponsePayload = ProposalResponsePayload.encode({ ...proposed, extension });
  const signer = world.signer('A.peer');
  const signature = signer.sign(Buffer.concat([proposalResponsePayload, signer.identity]));
  const endorsements = [{ endorser: signer.identity, signature }];
  const payload = ChaincodeActionPayload.encode({ ...body, action: { proposalResponsePayload, endorsements } });
  return Payload.encode({ header, data: Transaction.encode({ actions: [{ header: action!.header, payload }] }) });
}

const signed = (payload: Buffer): LedgerTransaction =>
  readTransaction(Envelope.encode({ payload, signature: world.signer('A.gateway').sign(payload) }));
const mutation = fc.tuple(fc.nat(100_000), fc.nat(2), fc.nat(255));

describe('a member that plays false', () => {
  test('can sign whatever bytes it likes: each gets a code, and the ledger goes on', async () => {
    await fc.assert(
      fc.asyncProperty(mutation, async ([at, kind, value]) => {
        const payload = mutated(sound().envelope.payload, at, kind, value);
        expect(await world.commit(ledger, signed(payload))).toHaveLength(1);
      }),
      { numRuns: 500, seed: 11 },
    );
    expect(
      await world.commit(
        ledger,
        world.transaction(ledger, (simulation) => simulation.put('cc', 'after', Buffer.from('v'))),
      ),
    ).toEqual([0]);
  });

  test('can endorse whatever results it likes: the ledger goes on and replays to the same state', async () => {
    await fc.assert(
      fc.asyncProperty(mutation, async ([at, kind, value]) => {
        const payload = withResults(sound(), (results) => mutated(results, at, kind, value));
        expect(await world.commit(ledger, signed(payload))).toHaveLength(1);
      }),
      { numRuns: 500, seed: 13 },
    );
    const rows = (of: Ledger): string[] => {
      const next = of.simulate('A', '', of.height).range('cc', '', '');
      const all: string[] = [];
      for (let row = next(); row !== undefined; row = next()) all.push(`${row.key}=${row.value.toString('hex')}`);
      return all;
    };
    const before = rows(ledger);
    const { height } = ledger;
    await ledger[Symbol.asyncDispose]();
    ledger = await world.open(storage);
    expect(ledger.height).toBe(height);
    expect(rows(ledger)).toEqual(before);
  });

  test('writing into a collection that nobody defined fails alone: a real 2.5.16 peer panics on the block', async () => {
    const hashedRwSet = HashedRwSet.encode({
      writes: [{ keyHash: Buffer.alloc(32, 1), valueHash: Buffer.alloc(32, 2) }],
    });
    const collections = [{ collection: 'nope', hashedRwSet, privateRwSetHash: Buffer.alloc(32, 3) }];
    const results = TxRwSet.encode({ namespaces: [{ namespace: 'cc', collections }] });
    expect(await world.commit(ledger, signed(withResults(sound(), () => results)))).toEqual([10]);
    expect(await world.commit(ledger, signed(sound().envelope.payload))).toEqual([0]);
  });
});
