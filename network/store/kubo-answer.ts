import { Fault } from '../ledger/fault.ts';
import type { HttpAnswer } from './http-exchange.ts';
import { StoreRefusal } from './refusal.ts';

/** Translates what a Kubo RPC says when it does not do what was asked: its status, and the texts of boxo and go-ipfs 0.41. */
export function faultOf(answer: HttpAnswer | string, name: string): StoreRefusal | Fault {
  if (typeof answer !== 'string') {
    if (answer.status === 403) return new Fault('misconfigured', `${name} refused the token of its RPC`);
    if (answer.status === 404 || answer.status === 405) {
      return new Fault('misconfigured', `what listens at the address of ${name} is not an IPFS RPC`);
    }
  }
  const text = typeof answer === 'string' ? answer : messageIn(answer.body);
  if (text.includes('could not find')) return new StoreRefusal('BLOCK_NOT_FOUND', `${name} does not hold the block`);
  if (text.includes('different hash')) return new Fault('corrupt', `${name} found the block rotted on its disk`);
  if (/no space left|disk quota|file too large/.test(text)) {
    return new Fault('unavailable', `${name} is full`, { retryable: false });
  }
  if (text.includes('deadline exceeded')) return new Fault('timeout', `${name} gave up: ${text}`);
  if (text.startsWith('pinned:')) return new StoreRefusal('BLOCK_CONFLICT', `the block is ${text} on ${name}`);
  return new Fault('unavailable', `${name} answered: ${text}`);
}

/** The fields of a successful answer. @throws Fault corrupt when it is not a JSON object */
export function fieldsOf({ body }: HttpAnswer, name: string): Readonly<Record<string, unknown>> {
  try {
    const fields: unknown = JSON.parse(body.toString() || '{}');
    if (typeof fields === 'object' && fields !== null) return fields as Record<string, unknown>;
  } catch {
    // Told below, without the parser's words: they would repeat a stranger's.
  }
  throw new Fault('corrupt', `${name} answered something that is not JSON`);
}

function messageIn(body: Buffer): string {
  try {
    const { Message: message } = JSON.parse(body.toString()) as { readonly Message?: unknown };
    return String(message).slice(0, 500);
  } catch {
    return body.toString('utf8', 0, 500).trim();
  }
}
