import { parentPort } from 'node:worker_threads';
import { SealFault } from '../fault.ts';
import type { Reply, Request } from './messages.ts';
import { open, repair, seal } from './seal-task.ts';
import { stepBack } from './step-back.ts';

stepBack();

/** The program of one thread: a request in, its reply out, buffers handed over both ways instead of copied. */
function answer(request: Request): Reply {
  try {
    if (request.kind === 'seal') return seal(request);
    return request.kind === 'open' ? open(request) : repair(request);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: 'fault', code: error instanceof SealFault ? error.code : 'SEGMENT_CORRUPT', message };
  }
}

function buffersOf(reply: Reply): ArrayBuffer[] {
  if (reply.kind === 'seal') return [reply.plain, reply.fragments];
  if (reply.kind === 'repair') return [reply.sealed, reply.recovered];
  if (reply.kind === 'bad') return [reply.sealed];
  return reply.kind === 'open' ? [reply.sealed, reply.bytes.buffer as ArrayBuffer] : [];
}

parentPort?.on('message', ({ id, request }: { id: number; request: Request }) => {
  const reply = answer(request);
  parentPort?.postMessage({ id, reply }, buffersOf(reply));
});
