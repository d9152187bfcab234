import { callOptions } from './connection.ts';
import { Fault } from './fault.ts';
import { ChannelHeader, headerTypes, SignatureHeader } from './messages/block.ts';
import { Envelope, Payload, SeekInfo } from './messages/index.ts';
import { bytes, message, uint } from './messages/message.ts';
import { statusNames } from './messages/ordering.ts';
import type { Session } from './session.ts';
import { translate } from './translate.ts';

/** `protos.DeliverResponse` with the block left as bytes. */
const RawDeliverResponse = message({ status: uint(1), block: bytes(2) });
const deliverMethod = '/protos.Deliver/Deliver';
const raw = (value: Uint8Array) => Buffer.from(value.buffer, value.byteOffset, value.byteLength);
/** A stream of blocks has no end; the deadline only bounds a connection that neither delivers nor breaks. */
const dayMs = 24 * 60 * 60_000;

export type SeekStart = number | 'newest';

/** A signed request for blocks; Deliver checks its time against the peer's clock, so it is made when it is sent. */
function seekEnvelope(session: Session, start: SeekStart, stop: SeekStart, now: number): Uint8Array {
  const { channel, signatory, tlsCertificateHash } = session;
  const position = (at: SeekStart) => (at === 'newest' ? { newest: {} } : { specified: { number: at } });
  const channelHeader = ChannelHeader.encode({
    type: headerTypes.deliverSeekInfo,
    channelId: channel,
    timestamp: { seconds: Math.floor(now / 1000), nanos: (now % 1000) * 1e6 },
    tlsCertHash: tlsCertificateHash,
  });
  const payload = Payload.encode({
    header: { channelHeader, signatureHeader: SignatureHeader.encode({ creator: signatory.creator }) },
    data: SeekInfo.encode({ start: position(start), stop: position(stop) }),
  });
  return Envelope.encode({ payload, signature: signatory.sign(payload) });
}

/**
 * Blocks as our peer delivers them (bytes of `common.Block`), from `start` to `stop` and both. One stream, no retries:
 * it ends with a Fault when the connection does.
 */
export async function* deliver(
  session: Session,
  start: SeekStart,
  stop: SeekStart,
  options: { readonly ms?: number; readonly signal?: AbortSignal } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { signal } = options;
  signal?.throwIfAborted();
  const call = session.client.makeBidiStreamRequest<Uint8Array, Buffer>(
    deliverMethod,
    raw,
    (bytes) => bytes,
    callOptions(options.ms ?? dayMs, signal),
  );
  // After the iterator has ended, the cancelled call still reports its end.
  call.on('error', () => {});
  try {
    call.write(seekEnvelope(session, start, stop, Date.now()));
    for await (const response of call as AsyncIterable<Buffer>) {
      const { status, block } = RawDeliverResponse.decode(response);
      if (block.length > 0) yield block;
      else if (status === 200) return;
      else throw deliverFault(status, session.channel);
    }
    throw new Fault('unavailable', 'the peer ended the stream of blocks');
  } catch (error) {
    signal?.throwIfAborted();
    throw translate(error, 'reading blocks', session.readRefusal);
  } finally {
    call.cancel();
  }
}

function deliverFault(status: number, channel: string): Fault {
  const name = statusNames[status] ?? `status ${status}`;
  if (status === 404) return new Fault('unavailable', `the peer has no such block of channel ${channel} yet (${name})`);
  if (status === 403) return new Fault('misconfigured', `this identity may not read channel ${channel} (${name})`);
  if (status === 400)
    return new Fault('misconfigured', `the peer refused the request for blocks: are the clocks right? (${name})`);
  return new Fault('unavailable', `the peer cannot deliver blocks now (${name})`);
}
