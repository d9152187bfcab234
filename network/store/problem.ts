import { Fault } from '../ledger/fault.ts';
import type { HttpAnswer } from './http-exchange.ts';
import { StoreRefusal } from './refusal.ts';

/** Translates a problem (RFC 9457) that another organization's gateway answered on its block route. */
export function refusalOf(answer: HttpAnswer, name: string): StoreRefusal | Fault {
  const said = sentenceIn(answer.body);
  const sentence = said === '' ? `${name} answered ${answer.status}` : `${name} answered ${answer.status}: ${said}`;
  switch (answer.status) {
    case 404:
    case 410:
      return new StoreRefusal('BLOCK_NOT_FOUND', `${name} gives no such block`);
    case 403:
      return new StoreRefusal(said.includes('QUOTA') ? 'QUOTA_EXCEEDED' : 'BLOCK_FORBIDDEN', sentence);
    case 400:
    case 413:
    case 415:
    case 422:
      return new StoreRefusal('BLOCK_INVALID', sentence);
    case 409:
      return new StoreRefusal('BLOCK_CONFLICT', sentence);
    case 401:
    case 405:
      return new Fault('misconfigured', sentence);
    case 408:
    case 504:
      return new Fault('timeout', sentence);
    case 425:
    case 429:
      return new Fault('contended', sentence);
    case 507:
      return new Fault('unavailable', sentence, { retryable: false });
    default:
      // What its storage node did with the block is worth knowing: a rotten block is repaired, a slow node is waited for.
      if (said.startsWith('CORRUPT:')) return new Fault('corrupt', sentence);
      if (said.startsWith('TIMEOUT:')) return new Fault('timeout', sentence);
      return new Fault('unavailable', sentence);
  }
}

function sentenceIn(body: Buffer): string {
  if (body.length > 16 * 1024) return '';
  try {
    const { code, detail, title } = JSON.parse(body.toString()) as Readonly<Record<string, unknown>>;
    return [code, detail ?? title]
      .filter((part) => typeof part === 'string')
      .join(': ')
      .slice(0, 500);
  } catch {
    return '';
  }
}
