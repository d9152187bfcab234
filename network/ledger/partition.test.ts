/** An organization that is parted from its own peer: wholly, or in one direction only. */
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ProbeNetwork } from '../embedded/ledger/testing/probe-network.ts';
import { connectLedger, type Fault, type Ledger } from './index.ts';
import { Link, type LinkState } from './testing/link.ts';

let network: ProbeNetwork;
let link: Link;
const stack = new AsyncDisposableStack();
beforeAll(async () => {
  network = stack.use(await ProbeNetwork.start([{ name: 'probe' }]));
  link = stack.use(await Link.open(network.ledger.addresses.A!));
});
afterAll(() => stack.disposeAsync());

const deadlines = { evaluateMs: 1_000, endorseMs: 1_000, submitMs: 1_000, commitMs: 1_000, totalMs: 2_000 };

function connectAt(peerAddress: string): Ledger {
  const { signer, tlsRoot } = network.identity('A', 'gateway');
  return connectLedger({
    peerAddress,
    tlsRoots: [tlsRoot],
    identity: { mspId: 'A', certificate: signer.certificate, privateKey: signer.key },
    channel: network.channel,
    chaincode: 'probe',
    readRefusal: () => undefined,
    deadlines,
  });
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

test.each<[LinkState]>([['cut'], ['requests lost'], ['answers lost']])(
  'with the link %s nothing is told to be done; healed, the very same transaction takes effect once, and no block is missed',
  async (state) => {
    await using far = connectAt(link.address);
    await using near = connectAt(network.ledger.addresses.A!);
    const key = state.replace(' ', '-');
    await far.submit('upd', [key, 'x']);
    const from = await near.height();
    const { envelopeBytes, transactionId } = await far.prepare('upd', [key, 'y']);

    const seen: number[] = [];
    const enough = new AbortController();
    const following = (async () => {
      for await (const { number } of far.blocks({ startBlock: from, signal: enough.signal })) {
        seen.push(number);
        if (number === from + 1) return;
      }
    })();

    link.become(state);
    const outcome = await far.submitPrepared(envelopeBytes).catch((fault: Fault) => fault);
    expect(outcome).toMatchObject({ name: 'Fault', retryable: true });
    await expect(far.evaluate('get', [key])).rejects.toMatchObject({ name: 'Fault' });
    // Others go on meanwhile. Whether the transaction got through is known to the ledger alone.
    await near.submit('put', [`other-${key}`, '1']);
    const known = await near.statusOf(transactionId, { waitMs: 500 });
    if (state !== 'answers lost') expect(known).toBeUndefined();

    link.become('whole');
    const again = await resubmitted(far, envelopeBytes);
    expect(again.transactionId).toBe(transactionId);
    if (known !== undefined) expect(again.blockNumber).toBe(known.blockNumber);
    expect(text(await far.evaluate('get', [key]))).toBe('y2');
    await following;
    expect(seen).toEqual([from, from + 1]);
    enough.abort();
  },
  60_000,
);

/** As whoever keeps signed envelopes does: the same bytes until there is an answer. */
async function resubmitted(ledger: Ledger, envelopeBytes: Uint8Array) {
  for (;;) {
    try {
      return await ledger.submitPrepared(envelopeBytes);
    } catch (fault) {
      if (!(fault as Fault).retryable) throw fault;
      await wait(50);
    }
  }
}
