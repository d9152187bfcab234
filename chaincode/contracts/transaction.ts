import {
  canonicalBytes,
  canonicalJson,
  checkRole,
  checkStays,
  type EvaluateName,
  type Evaluates,
  evaluateShapes,
  keys,
  limits,
  parseCanonicalJson,
  Refusal,
  type RequestStamp,
  requestStamp,
  type SubmitName,
  type Submits,
  sha256,
  submitShapes,
} from '../domain/index.ts';
import type { Context } from '../fabric.ts';
import { Ledger } from './ledger.ts';

/**
 * Runs a transaction that writes: checks the role, reads the body strictly, answers a request that was answered before with the same
 * words and no second effect, else lets `act` stage its writes and keeps the answer under the request's name.
 */
export function submit<N extends SubmitName>(
  context: Context,
  name: N,
  bodyText: string,
  stampText: string,
  act: (ledger: Ledger, body: Submits[N]['body']) => Promise<Submits[N]['result']>,
): Promise<string> {
  return inOurWords(async () => {
    const ledger = new Ledger(context.stub, context.clientIdentity);
    checkRole(name, ledger.caller);
    const body = submitShapes[name](parseCanonicalJson(bodyText, 'the body', limits.bodyCharacters), 'body');
    const stamp = requestStamp(parseCanonicalJson(stampText, 'the request stamp', 1024), 'request');
    const key = keys.request(requestName(ledger, stamp));
    const before = await ledger.get(key);
    if (before !== undefined) {
      if (before.digest === stamp.digest && before.transaction === name) return before.result;
      throw new Refusal('IDEMPOTENCY_MISMATCH', 'this idempotency key was used before for another request');
    }
    checkStays(ledger.caller, await ledger.departed());
    const result = canonicalJson(await act(ledger, body));
    ledger.put(key, { v: 1, transaction: name, digest: stamp.digest, result });
    await ledger.flush();
    return result;
  });
}

/**
 * Runs a transaction that writes into the caller's implicit collection and nowhere else: no answer is kept under the request's name, for
 * that would be public state and need others' endorsements. Asked again it has the same effect.
 */
export function submitPrivately<N extends SubmitName>(
  context: Context,
  name: N,
  bodyText: string,
  stampText: string,
  act: (ledger: Ledger) => Submits[N]['result'],
): Promise<string> {
  return inOurWords(async () => {
    const ledger = new Ledger(context.stub, context.clientIdentity);
    checkRole(name, ledger.caller);
    submitShapes[name](parseCanonicalJson(bodyText, 'the body', limits.bodyCharacters), 'body');
    requestStamp(parseCanonicalJson(stampText, 'the request stamp', 1024), 'request');
    const result = canonicalJson(act(ledger));
    await ledger.flush();
    return result;
  });
}

/** Answers a question; nothing is written. */
export function evaluate<N extends EvaluateName>(
  context: Context,
  name: N,
  bodyText: string,
  answer: (ledger: Ledger, body: Evaluates[N]['body']) => Promise<Evaluates[N]['result']>,
): Promise<string> {
  return inOurWords(async () => {
    const ledger = new Ledger(context.stub, context.clientIdentity);
    const body = evaluateShapes[name](parseCanonicalJson(bodyText, 'the body', limits.bodyCharacters), 'body');
    return canonicalJson(await answer(ledger, body));
  });
}

/** Requests are named apart by organization and person, so that nobody meets another's answers. */
function requestName({ caller }: Ledger, { key, person }: RequestStamp): string {
  return sha256(canonicalBytes([caller.mspId, person, key]));
}

/** Only refusals and what the peer said leave as they are; a broken rule of ours says so and no more. */
async function inOurWords(act: () => Promise<string>): Promise<string> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof Refusal) throw error;
    const text = error instanceof Error ? error.message : '';
    if (/failed: transaction ID: /.test(text)) throw new Error(`PEER: ${text.slice(0, 500)}`);
    // For the operator of this peer; the caller learns nothing of it.
    console.error(error);
    throw new Error('INTERNAL: the transaction broke inside the chaincode');
  }
}
