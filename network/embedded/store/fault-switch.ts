/**
 * How a node misbehaves when a test says so: answers late and at so many bytes per second, answers with other bytes, refuses writes as a full disk does,
 * drops every connection, or takes requests and never answers.
 */
export type NodeFault =
  | { readonly kind: 'none' | 'lying' | 'full' | 'dead' | 'silent' }
  | { readonly kind: 'slow'; readonly delayMs: number; readonly bytesPerSecond: number };

/** Reads the switch's query (`mode`, `delay-ms`, `bytes-per-second`), or nothing when it makes no sense. */
export function parseFault(query: URLSearchParams): NodeFault | undefined {
  const kind = query.get('mode');
  switch (kind) {
    case 'none':
    case 'lying':
    case 'full':
    case 'dead':
    case 'silent':
      return { kind };
    case 'slow': {
      const delayMs = Number(query.get('delay-ms') ?? 0);
      const bytesPerSecond = Number(query.get('bytes-per-second') ?? Number.POSITIVE_INFINITY);
      return delayMs >= 0 && bytesPerSecond > 0 ? { kind, delayMs, bytesPerSecond } : undefined;
    }
    default:
      return undefined;
  }
}

/** The bytes a lying node answers with: as long as the true ones, and wrong in one bit. */
export function lieAbout(bytes: Buffer): Buffer {
  const lie = Buffer.from(bytes);
  if (lie.length > 0) lie[lie.length >> 1]! ^= 1;
  return lie;
}

/** Cuts bytes so that they leave at the fault's speed; yields nothing more once `signal` aborts. */
export async function* drip(bytes: Buffer, bytesPerSecond: number, signal: AbortSignal): AsyncGenerator<Buffer> {
  const piece = Math.max(1, Math.min(bytes.length, Math.ceil(bytesPerSecond / 20)));
  for (let at = 0; at < bytes.length && !signal.aborted; at += piece) {
    yield bytes.subarray(at, at + piece);
    if (Number.isFinite(bytesPerSecond)) await pause((piece / bytesPerSecond) * 1000, signal);
  }
}

/** Waits, or returns early when `signal` aborts. */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, delayMs);
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
}
