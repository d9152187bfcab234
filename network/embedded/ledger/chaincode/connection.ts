import type { SecureClientSessionOptions } from 'node:http2';
import { ChaincodeMessage, Shim, shimName } from '../wire/shim.ts';
import type { Execution, Outcome } from './execution.ts';
import { MessageStream } from './message-stream.ts';
import { Queries } from './queries.ts';
import { answer } from './requests.ts';

/** Fabric's default for `chaincode.executetimeout`. */
const EXECUTE_TIMEOUT_MS = 30_000;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;

/** The chaincode could not be reached or did not end; `message` is the peer's own text. */
export class ChaincodeUnreachable extends Error {}

export interface ChaincodeAddress {
  readonly name: string;
  /** `host:port` of the fabric-shim server. */
  readonly address: string;
  readonly tls: SecureClientSessionOptions;
}

interface Running {
  readonly execution: Execution;
  readonly queries: Queries;
  end(outcome: Outcome | ChaincodeUnreachable): void;
}

/**
 * The peer's side of the stream to a chaincode that runs as a service. fabric-shim tells transactions apart by channel
 * and id only, so each endorser has a stream of its own. A lost stream is tried again with back-off, and at once when a
 * transaction asks for it.
 */
export class ChaincodeConnection implements Disposable {
  readonly #to: ChaincodeAddress;
  readonly #running = new Map<string, Running>();
  #stream: MessageStream | undefined;
  #ready = false;
  #connecting: Promise<void> | undefined;
  #retryMs = FIRST_RETRY_MS;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(to: ChaincodeAddress) {
    this.#to = to;
    this.#retry(0);
  }

  /** Runs one transaction. Rejects with `ChaincodeUnreachable` where it could not be run to its end. */
  async execute(execution: Execution): Promise<Outcome> {
    if (!this.#ready) await this.#connect();
    const { channelId, txId, input, proposal, initializes } = execution;
    const id = channelId + txId;
    if (this.#running.has(id)) throw new ChaincodeUnreachable(`error sending: txid: ${txId}(${channelId}) exists`);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        end(new ChaincodeUnreachable('error sending: timeout expired while executing transaction'));
      }, EXECUTE_TIMEOUT_MS);
      const end = (outcome: Outcome | ChaincodeUnreachable): void => {
        clearTimeout(timer);
        this.#running.delete(id);
        if (outcome instanceof ChaincodeUnreachable) reject(outcome);
        else resolve(outcome);
      };
      this.#running.set(id, { execution, queries: new Queries(), end });
      const type = initializes ? Shim.INIT : Shim.TRANSACTION;
      this.#send({ type, payload: input, txId, channelId, proposal });
    });
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#stream?.close();
  }

  /** Resolves when the chaincode has registered and was told that it is ready. */
  #connect(): Promise<void> {
    this.#connecting ??= new Promise<void>((resolve, reject) => {
      const stream = new MessageStream(this.#to.address, '/protos.Chaincode/Connect', this.#to.tls, {
        message: (bytes) => {
          const message = ChaincodeMessage.decode(bytes);
          if (message.type !== Shim.REGISTER) return void this.#receive(message);
          this.#send({ type: Shim.REGISTERED });
          this.#send({ type: Shim.READY });
          this.#ready = true;
          this.#retryMs = FIRST_RETRY_MS;
          resolve();
        },
        end: (cause) => {
          this.#lost();
          reject(new ChaincodeUnreachable(`${this.#launchFailure()}${dialFailure(this.#to.address, cause)}`));
        },
      });
      this.#stream = stream;
    });
    return this.#connecting;
  }

  #launchFailure(): string {
    const { name, address } = this.#to;
    return `could not launch chaincode ${name}: connection to ${name} failed: error cannot create connection for ${name}: error creating grpc connection to ${address}: `;
  }

  #lost(): void {
    this.#stream = undefined;
    this.#connecting = undefined;
    this.#ready = false;
    for (const { end } of this.#running.values()) {
      end(new ChaincodeUnreachable('error sending: chaincode stream terminated'));
    }
    this.#retry(this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
  }

  #retry(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#connect().catch(() => {}), ms);
    this.#timer.unref();
  }

  #send(message: Parameters<typeof ChaincodeMessage.encode>[0]): void {
    this.#stream?.write(ChaincodeMessage.encode(message));
  }

  async #receive({ type, txId, channelId, payload, chaincodeEvent }: ChaincodeMessage): Promise<void> {
    const running = this.#running.get(channelId + txId);
    if (running === undefined) return;
    if (type === Shim.COMPLETED || type === Shim.ERROR) {
      const event = chaincodeEvent && { ...chaincodeEvent, chaincodeId: running.execution.namespace, txId };
      running.end({ completed: type === Shim.COMPLETED, payload, event });
      return;
    }
    try {
      const answered = answer(type, payload, running.execution, running.queries);
      const result = answered instanceof Promise ? await answered : answered;
      this.#send({ type: Shim.RESPONSE, payload: result, txId, channelId });
    } catch (cause) {
      // The chaincode waits for an answer to every request, also to one that is refused.
      const text = `${shimName(type)} failed: transaction ID: ${txId}: ${(cause as Error).message}`;
      this.#send({ type: Shim.ERROR, payload: Buffer.from(text), txId, channelId });
    }
  }
}

/** Go's words, which clients of Fabric know. */
function dialFailure(address: string, cause: NodeJS.ErrnoException | undefined): string {
  const why =
    cause === undefined
      ? 'error reading server preface: EOF'
      : cause.code === 'ECONNREFUSED'
        ? `transport: error while dialing: dial tcp ${address}: connect: connection refused`
        : cause.message;
  return `failed to create new connection: connection error: desc = "${why}"`;
}
