/** W3C Trace Context, level 1: continue the caller's trace or begin one. */
export type Trace = { readonly traceId: string; readonly traceparent: string };

const form = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

export function traceFrom(header: string | undefined, random: (sizeBytes: number) => Uint8Array): Trace {
  const [, traceId, parent, flags] = form.exec(header ?? '') ?? [];
  const known = traceId !== undefined && !/^0+$/.test(traceId) && !/^0+$/.test(parent ?? '');
  const id = known ? traceId : Buffer.from(random(16)).toString('hex');
  return { traceId: id, traceparent: `00-${id}-${Buffer.from(random(8)).toString('hex')}-${known ? flags : '01'}` };
}
