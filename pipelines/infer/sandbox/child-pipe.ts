import { once } from 'node:events';
import { Socket } from 'node:net';
import { encodeFrame, type Frame, FrameAssembler } from './frame.ts';

/** The child answers on its own descriptor, so that nothing a library prints can get between two frames. */
const answerDescriptor = 3;
let answers: Socket | undefined;

/** The frames that our side sends, in order, until it closes the pipe. */
export async function* readFrames<Header>(): AsyncGenerator<Frame<Header>> {
  const frames = new FrameAssembler<Header>();
  for await (const piece of process.stdin) yield* frames.push(piece as Uint8Array);
}

/** Writes one frame to our side and returns when the pipe has taken all of it. */
export async function writeFrame(header: unknown, body: readonly Uint8Array[] = []): Promise<void> {
  answers ??= new Socket({ fd: answerDescriptor, readable: false, writable: true });
  let ready = true;
  answers.cork();
  for (const piece of encodeFrame(header, body)) ready = answers.write(piece);
  answers.uncork();
  if (!ready) await once(answers, 'drain');
}
