import type { Client } from '@grpc/grpc-js';
import { callOptions } from '../../ledger/connection.ts';
import { Fault } from '../../ledger/fault.ts';
import type { Message } from '../../ledger/messages/index.ts';
import { translate } from '../../ledger/translate.ts';

const raw = (value: Uint8Array) => Buffer.from(value.buffer, value.byteOffset, value.byteLength);
const noRefusal = () => undefined;

/** Calls that administration makes are few and may be slow: installing copies a package, joining makes a ledger. */
export const callMs = 60_000;

/** One request, one answer. Errors are Faults that begin with `during`. */
export async function unary<V>(
  client: Client,
  method: string,
  request: Uint8Array,
  answer: Message<V, never>,
  during: string,
  signal?: AbortSignal,
): Promise<V> {
  try {
    const bytes = await new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest<Uint8Array, Buffer>(
        method,
        raw,
        (value) => value,
        request,
        callOptions(callMs, signal),
        (error, value) => (value === undefined ? reject(error) : resolve(value)),
      );
    });
    return answer.decode(bytes);
  } catch (error) {
    signal?.throwIfAborted();
    throw translate(error, during, noRefusal);
  }
}

/** A stream on which we send one request and read answers until `last` says that this was all. */
export async function firstAnswers(
  client: Client,
  method: string,
  request: Uint8Array,
  during: string,
  last: (answer: Buffer) => boolean,
  signal?: AbortSignal,
): Promise<Buffer[]> {
  signal?.throwIfAborted();
  const call = client.makeBidiStreamRequest<Uint8Array, Buffer>(
    method,
    raw,
    (value) => value,
    callOptions(callMs, signal),
  );
  // After the iterator has ended, the cancelled call still reports its end.
  call.on('error', () => {});
  try {
    call.write(request);
    const answers: Buffer[] = [];
    for await (const answer of call as AsyncIterable<Buffer>) {
      answers.push(answer);
      if (last(answer)) return answers;
    }
    throw new Fault('unavailable', `${during}: the stream ended without an answer`);
  } catch (error) {
    signal?.throwIfAborted();
    throw translate(error, during, noRefusal);
  } finally {
    call.cancel();
  }
}
