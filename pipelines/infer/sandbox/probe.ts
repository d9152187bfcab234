// A child that shows what it can reach from inside the sandbox, or misbehaves when asked to; for tests, and for telling an operator what confinement is worth.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { readFrames, writeFrame } from './child-pipe.ts';

export interface ProbeRequest {
  readonly kind: 'look' | 'hang' | 'hog' | 'crash' | 'echo';
  /** A file of ours that the child tries to read, and a loopback port that it tries to reach. */
  readonly file?: string;
  readonly port?: number;
}

export interface ProbeAnswer {
  readonly environment: readonly string[];
  readonly descriptors: readonly string[];
  readonly uid: number | undefined;
  readonly interfaces: readonly string[];
  readonly read: string;
  readonly write: string;
  readonly connect: string;
  readonly start: string;
}

for await (const { header, body } of readFrames<ProbeRequest>()) {
  if (header.kind === 'echo') await writeFrame({ sizeBytes: body.byteLength }, [body]);
  else if (header.kind === 'crash') process.abort();
  else if (header.kind === 'hang') for (;;);
  else if (header.kind === 'hog') hog();
  else await writeFrame(await look(header));
}
process.exit(0);

async function look({ file = '', port = 0 }: ProbeRequest): Promise<ProbeAnswer> {
  return {
    environment: Object.keys(process.env).filter((name) => name !== 'PWD'),
    descriptors: openDescriptors(),
    uid: process.getuid?.(),
    interfaces: readOr(() => readdirSync('/sys/class/net')),
    read: outcome(() => readFileSync(file)),
    write: outcome(() => writeFileSync('left-behind', 'x')),
    connect: await connectOutcome(port),
    start: outcome(() => process.getBuiltinModule('node:child_process').execFileSync('/bin/true')),
  };
}

/** Sockets, pipes and files among our descriptors, by what stat says about each number. */
function openDescriptors(): string[] {
  const { fstatSync } = process.getBuiltinModule('node:fs');
  const open: string[] = [];
  for (let descriptor = 0; descriptor < 64; descriptor++) {
    try {
      const stat = fstatSync(descriptor);
      if (stat.isSocket() || stat.isFIFO() || stat.isFile()) open.push(String(descriptor));
    } catch {}
  }
  return open;
}

function outcome(attempt: () => unknown): string {
  try {
    attempt();
    return 'done';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'failed';
  }
}

function readOr(attempt: () => string[]): string[] {
  try {
    return attempt();
  } catch {
    return [];
  }
}

async function connectOutcome(port: number): Promise<string> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve('done'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'failed'));
  });
}

function hog(): void {
  const kept: Buffer[] = [];
  for (;;) kept.push(Buffer.alloc(64 << 20, 1));
}
