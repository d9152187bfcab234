import { hash } from 'node:crypto';
import { ErasureCode, type Scheme } from '../erasure/index.ts';
import { SealFault } from '../fault.ts';
import { layoutOf } from '../layout.ts';
import { openSegment, sealSegment } from '../segment.ts';
import type {
  BadReply,
  OpenReply,
  OpenRequest,
  RepairReply,
  RepairRequest,
  SealReply,
  SealRequest,
} from './messages.ts';

/** The work of one thread: encryption, coding and hashing, all synchronous. It keeps one erasure code per scheme. */
const codes = new Map<string, ErasureCode>();

function codeOf(scheme: Scheme): ErasureCode {
  const name = `${scheme.k}/${scheme.n}`;
  const code = codes.get(name) ?? new ErasureCode(scheme);
  codes.set(name, code);
  return code;
}

export function seal(request: SealRequest): SealReply {
  const { scheme, plain, plainBytes } = request;
  const { k, n } = scheme;
  const { stripes, fragmentBytes } = layoutOf(plainBytes, k);
  const dataBytes = stripes * k * fragmentBytes;
  const needed = stripes * n * fragmentBytes;
  const fragments = request.fragments.byteLength >= needed ? request.fragments : new ArrayBuffer(needed);
  const sealed = new Uint8Array(fragments, 0, dataBytes);
  const message = { bytes: new Uint8Array(plain, 0, plainBytes), rows: request.rows };
  sealSegment(message, request.context, request.key, request.nonce, sealed);
  const digests = new Uint8Array(32 * stripes * n);
  const view = (at: number) => new Uint8Array(fragments, at * fragmentBytes, fragmentBytes);
  for (let stripe = 0; stripe < stripes; stripe++) {
    const data = Array.from({ length: k }, (_, slot) => view(stripe * k + slot));
    const parity = Array.from({ length: n - k }, (_, at) => view(stripes * k + stripe * (n - k) + at));
    codeOf(scheme).encode(data, parity);
    [...data, ...parity].forEach((fragment, slot) => {
      digests.set(hash('sha256', fragment, 'buffer'), 32 * (stripe * n + slot));
    });
  }
  return { kind: 'seal', plain, fragments, digests };
}

/** Where the gathered fragments are not the blocks of the digests, in order. */
function badFragments(sealed: ArrayBuffer, fragmentBytes: number, count: number, digests: Uint8Array): number[] {
  const bad: number[] = [];
  for (let at = 0; at < count; at++) {
    const digest = hash('sha256', new Uint8Array(sealed, at * fragmentBytes, fragmentBytes), 'buffer');
    if (digest.compare(digests, 32 * at, 32 * at + 32) !== 0) bad.push(at);
  }
  return bad;
}

export function open(request: OpenRequest): OpenReply | BadReply {
  const { sealed, fragmentBytes, present, scheme } = request;
  const { k } = scheme;
  const bad = badFragments(sealed, fragmentBytes, present.length * k, request.digests);
  if (bad.length > 0)
    return { kind: 'bad', sealed, bad: bad.map((at) => ({ stripe: Math.floor(at / k), position: at % k })) };
  present.forEach((slots, stripe) => {
    const missing = slots.flatMap((slot, position) => (slot === position ? [] : [position]));
    if (missing.length === 0) return;
    const views = slots.map((_, at) => new Uint8Array(sealed, (stripe * k + at) * fragmentBytes, fragmentBytes));
    codeOf(scheme).recover(
      slots,
      views,
      missing,
      missing.map((position) => views[position] as Uint8Array),
    );
  });
  const whole = new Uint8Array(sealed, 0, present.length * k * fragmentBytes);
  const { bytes, rows } = openSegment(whole, request.context, request.key, k);
  return { kind: 'open', sealed, bytes, rows };
}

export function repair(request: RepairRequest): RepairReply | BadReply {
  const { sealed, fragmentBytes, present, wanted, scheme, digests } = request;
  const bad = badFragments(sealed, fragmentBytes, present.length, digests);
  if (bad.length > 0) return { kind: 'bad', sealed, bad: bad.map((position) => ({ stripe: 0, position })) };
  const recovered = new ArrayBuffer(wanted.length * fragmentBytes);
  const view = (buffer: ArrayBuffer, at: number) => new Uint8Array(buffer, at * fragmentBytes, fragmentBytes);
  const sources = present.map((_, at) => view(sealed, at));
  const targets = wanted.map((_, at) => view(recovered, at));
  codeOf(scheme).recover(present, sources, wanted, targets);
  if (badFragments(recovered, fragmentBytes, wanted.length, digests.subarray(32 * present.length)).length > 0)
    throw new SealFault(
      'FRAGMENT_CORRUPT',
      'the stripe was not made by this code: its parts are right, the whole is not',
    );
  return { kind: 'repair', sealed, recovered };
}
