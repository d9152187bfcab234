import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { SealFault } from '../fault.ts';
import { BufferPool } from './buffer-pool.ts';
import type {
  BadReply,
  OpenReply,
  OpenRequest,
  RepairReply,
  RepairRequest,
  Reply,
  Request,
  SealReply,
  SealRequest,
} from './messages.ts';

interface Pending {
  resolve(reply: Exclude<Reply, { kind: 'fault' }>): void;
  reject(fault: SealFault): void;
}

interface Thread {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
}

/**
 * The threads that encrypt, code and hash for one program; open one and share it. Threads start when first needed, do
 * not keep the program alive while idle, and are replaced when they die (their requests end as THREAD_LOST).
 */
export class SealThreads implements AsyncDisposable {
  readonly count: number;
  readonly buffers = new BufferPool(96 * 1024 * 1024);
  readonly #threads = new Set<Thread>();
  #nextId = 0;
  #closed = false;

  readonly #program: URL;

  /** `program` is what each thread runs; a test of lost threads gives another. */
  constructor(
    count: number = Math.max(1, availableParallelism() - 1),
    program: URL = new URL('./seal-thread.js', import.meta.url),
  ) {
    if (!Number.isInteger(count) || count < 1) throw new RangeError(`no number of threads: ${count}`);
    this.count = count;
    this.#program = program;
  }

  run(request: SealRequest): Promise<SealReply>;
  run(request: OpenRequest): Promise<OpenReply | BadReply>;
  run(request: RepairRequest): Promise<RepairReply | BadReply>;
  run(request: Request): Promise<Reply> {
    if (this.#closed) return Promise.reject(new SealFault('THREAD_LOST', 'the threads are closed'));
    const thread = this.#idlest();
    const id = this.#nextId++;
    const transfer = request.kind === 'seal' ? [request.plain, request.fragments] : [request.sealed];
    return new Promise((resolve, reject) => {
      thread.pending.set(id, { resolve, reject });
      thread.worker.ref();
      thread.worker.postMessage({ id, request }, transfer);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#threads].map(({ worker }) => worker.terminate()));
  }

  #idlest(): Thread {
    let best: Thread | undefined;
    for (const thread of this.#threads)
      if (best === undefined || thread.pending.size < best.pending.size) best = thread;
    return best === undefined || (best.pending.size > 0 && this.#threads.size < this.count) ? this.#start() : best;
  }

  #start(): Thread {
    const worker = new Worker(this.#program, { name: 'seal' });
    const thread: Thread = { worker, pending: new Map() };
    worker.unref();
    worker.on('message', ({ id, reply }: { id: number; reply: Reply }) => {
      const pending = thread.pending.get(id);
      thread.pending.delete(id);
      if (thread.pending.size === 0) worker.unref();
      if (reply.kind !== 'fault') pending?.resolve(reply);
      else pending?.reject(new SealFault(reply.code, reply.message.replace(`${reply.code}: `, '')));
    });
    const lose = (cause?: unknown) => {
      this.#threads.delete(thread);
      for (const pending of thread.pending.values())
        pending.reject(new SealFault('THREAD_LOST', 'a sealing thread ended', { cause }));
      thread.pending.clear();
    };
    worker.on('error', lose);
    worker.on('exit', () => lose());
    this.#threads.add(thread);
    return thread;
  }
}
