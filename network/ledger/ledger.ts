import { type BlocksRequest, blocks, chaincodeEvents, type EventsRequest, type LedgerEvent } from './blocks.ts';
import { openConnection, type PeerAddress, tlsCertificateHash } from './connection.ts';
import { type Deadlines, defaultDeadlines } from './deadlines.ts';
import { deliver, type SeekStart } from './deliver.ts';
import { type EndorsedAnswer, endorsedAnswer, type SystemQuery } from './endorsed-answer.ts';
import { EndorsedTransaction } from './endorsed-transaction.ts';
import { Fault } from './fault.ts';
import { type LedgerIdentity, signatory } from './identity.ts';
import type { LedgerBlock } from './ledger-block.ts';
import { BlockchainInfo, Metadata, metadataPlaces, OrdererBlockMetadata } from './messages/index.ts';
import { type CallRequest, Proposal } from './proposal.ts';
import { openGateway, type Session } from './session.ts';
import { endorse, type Submitted, sendUntilCommitted, submit } from './submit.ts';
import { type CommittedTransaction, SubmittedTransaction } from './submitted-transaction.ts';
import type { ReadRefusal } from './translate.ts';
import { invalidTransaction } from './validation-codes.ts';
import { parseBlock } from './verify/block-hash.ts';
import { jitterMs, realWaits, type Waits } from './waits.ts';

export interface LedgerOptions extends Omit<PeerAddress, 'address'> {
  /** `host:port` of our own organization's peer; of several the later ones are asked while the earlier are away. */
  readonly peerAddress: string | readonly string[];
  readonly identity: LedgerIdentity;
  readonly channel: string;
  readonly chaincode: string;
  /** Reads a refusal out of a chaincode's error text; this package knows none. */
  readonly readRefusal: ReadRefusal;
  readonly deadlines?: Partial<Deadlines>;
  readonly waits?: Waits;
}

/** A transaction endorsed and signed, to be kept durably before it is sent. */
export interface Prepared {
  readonly transactionId: string;
  /** Signed envelope with its id; `submitPrepared` sends it, any number of times, to one effect. */
  readonly envelopeBytes: Uint8Array;
  readonly result: Uint8Array;
}

interface Cancellable {
  readonly signal?: AbortSignal;
}

/**
 * One identity's view of one channel through its own peer. Throws the refusal that `readRefusal` reads, a Fault, or the
 * signal's reason; nothing of Fabric passes.
 */
export interface Ledger extends AsyncDisposable {
  readonly channel: string;
  readonly mspId: string;
  /** Endorse, order, wait for the block; conflicts are tried again. Faults with a `transactionId` left it open. */
  submit(transaction: string, args: readonly string[], request?: CallRequest): Promise<Submitted>;
  /** One peer's unsigned answer; name your own organization where you decide upon it. */
  evaluate(transaction: string, args: readonly string[], request?: CallRequest): Promise<Uint8Array>;
  prepare(transaction: string, args: readonly string[], request?: CallRequest): Promise<Prepared>;
  /** Sends prepared bytes until their block is seen; a contended Fault asks the caller to prepare again. */
  submitPrepared(envelopeBytes: Uint8Array, request?: Cancellable): Promise<Submitted>;
  /** What became of an id, or undefined when our peer did not see it within `waitMs` (default 2000). */
  statusOf(
    transactionId: string,
    request?: Cancellable & { waitMs?: number },
  ): Promise<CommittedTransaction | undefined>;
  blocks(request: BlocksRequest): AsyncIterable<LedgerBlock>;
  chaincodeEvents(request: EventsRequest): AsyncIterable<LedgerEvent>;
  /** One block as our peer holds it (`common.Block` bytes). */
  blockBytes(number: number | 'newest', request?: Cancellable): Promise<Uint8Array>;
  /** The config block in force now, as our peer holds it. */
  configBlock(request?: Cancellable): Promise<Uint8Array>;
  /** The config blocks in force up to a block, the genesis block first: what a verifier walks. */
  configBlocks(upTo: number | 'newest', request?: Cancellable): Promise<Uint8Array[]>;
  /** How many blocks our own peer has. */
  height(request?: Cancellable): Promise<number>;
  endorsedAnswer(
    query: SystemQuery,
    args: readonly string[],
    request: Cancellable & { organization: string },
  ): Promise<EndorsedAnswer>;
}

/** Connects to a channel; the connection is made with the first call and again whenever it broke. */
export function connectLedger(options: LedgerOptions): Ledger {
  const { peerAddress: address, tlsRoots, tlsServerName, tls } = options;
  const peer: PeerAddress = {
    address,
    tlsRoots,
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
    ...(tls === undefined ? {} : { tls }),
  };
  const client = openConnection(peer);
  const signing = signatory(options.identity);
  const hash = tlsCertificateHash(peer);
  const session: Session = {
    client,
    gateway: openGateway(client, signing, hash),
    signatory: signing,
    channel: options.channel,
    chaincode: options.chaincode,
    deadlines: { ...defaultDeadlines, ...options.deadlines },
    waits: options.waits ?? realWaits,
    readRefusal: options.readRefusal,
    tlsCertificateHash: hash,
  };
  return {
    channel: session.channel,
    mspId: signing.mspId,
    submit: (transaction, args, request = {}) => submit(session, transaction, args, request),
    evaluate: (transaction, args, request = {}) => evaluate(session, session.chaincode, transaction, args, request),
    prepare: (transaction, args, request = {}) => prepare(session, transaction, args, request),
    submitPrepared: (bytes, request = {}) => submitPrepared(session, bytes, request),
    statusOf: (transactionId, request = {}) => statusOf(session, transactionId, request),
    blocks: (request) => blocks(session, request),
    chaincodeEvents: (request) => chaincodeEvents(session, request),
    blockBytes: (number, request = {}) => blockBytes(session, number, request),
    configBlock: (request = {}) => configBlock(session, request),
    configBlocks: (upTo, request = {}) => configBlocks(session, upTo, request),
    height: (request = {}) => height(session, request),
    endorsedAnswer: (query, args, request) => endorsedAnswer(session, query, args, request),
    async [Symbol.asyncDispose]() {
      session.gateway.close();
      client.close();
    },
  };
}

const mostQuestions = 3;

async function evaluate(
  session: Session,
  chaincode: string,
  transaction: string,
  args: readonly string[],
  request: CallRequest,
): Promise<Uint8Array> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await new Proposal(session, chaincode, transaction, args, request).evaluate();
    } catch (error) {
      if (!(error instanceof Fault) || error.kind !== 'unavailable' || attempt + 1 >= mostQuestions) throw error;
      await session.waits.sleep(jitterMs(session.waits, attempt, 100, 1_000), request.signal);
    }
  }
}

function untilOf(session: Session, { signal }: Cancellable) {
  const end = session.waits.now() + session.deadlines.totalMs;
  return { end, ...(signal === undefined ? {} : { signal }) };
}

async function prepare(
  session: Session,
  transaction: string,
  args: readonly string[],
  request: CallRequest,
): Promise<Prepared> {
  const endorsed = await endorse(session, transaction, args, request, untilOf(session, request));
  return { transactionId: endorsed.transactionId, envelopeBytes: endorsed.bytes, result: endorsed.result };
}

async function submitPrepared(session: Session, bytes: Uint8Array, request: Cancellable): Promise<Submitted> {
  const endorsed = EndorsedTransaction.from(session, bytes);
  const { transactionId, result } = endorsed;
  const { valid, validationCode, blockNumber } = await sendUntilCommitted(session, endorsed, untilOf(session, request));
  if (!valid) throw invalidTransaction(transactionId, validationCode);
  return { transactionId, blockNumber, result };
}

async function statusOf(
  session: Session,
  transactionId: string,
  request: Cancellable & { waitMs?: number },
): Promise<CommittedTransaction | undefined> {
  try {
    return await new SubmittedTransaction(session, transactionId).committed(request.waitMs ?? 2_000, request.signal);
  } catch (error) {
    if (error instanceof Fault && error.kind === 'timeout') return undefined;
    throw error;
  }
}

async function blockBytes(session: Session, number: SeekStart, request: Cancellable): Promise<Uint8Array> {
  for await (const bytes of deliver(session, number, number, { ms: session.deadlines.evaluateMs, ...request }))
    return bytes;
  throw new Fault('unavailable', `the peer delivered no block ${number}`);
}

async function configBlock(session: Session, request: Cancellable): Promise<Uint8Array> {
  return blockBytes(session, lastConfigIndex(await blockBytes(session, 'newest', request)), request);
}

async function configBlocks(session: Session, upTo: SeekStart, request: Cancellable): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for (let at: SeekStart = upTo; ; ) {
    const index = lastConfigIndex(await blockBytes(session, at, request));
    const block = await blockBytes(session, index, request);
    found.unshift(block);
    if (index === 0) return found;
    at = index - 1;
  }
}

/** Where the configuration in force at a block stands, by the block's own metadata. */
function lastConfigIndex(block: Uint8Array): number {
  const { metadata } = parseBlock(block);
  const signatures = Metadata.decode(metadata[metadataPlaces.signatures] ?? new Uint8Array(0));
  return OrdererBlockMetadata.decode(signatures.value).lastConfig?.index ?? 0;
}

async function height(session: Session, request: Cancellable): Promise<number> {
  const own = { ...request, endorsingOrganizations: [session.signatory.mspId] };
  return BlockchainInfo.decode(await evaluate(session, 'qscc', 'GetChainInfo', [session.channel], own)).height;
}
