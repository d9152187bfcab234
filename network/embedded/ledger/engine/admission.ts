import { randomBytes } from 'node:crypto';
import { type ChannelConfig, channelConfigOf } from '../msp/channel-config.ts';
import type { Policy } from '../msp/policy.ts';
import type { BlockSigner } from '../msp/signer.ts';
import { ConfigUpdateEnvelope, RawConfigEnvelope } from '../wire/config.ts';
import { BroadcastStatus, ChannelHeader, Envelope, HeaderType, Payload, SignatureHeader } from '../wire/envelope.ts';
import { Code } from '../wire/proposal.ts';
import { checkSound } from './config-soundness.ts';
import { authorizedUpdate } from './config-update.ts';
import { type LedgerTransaction, readTransaction } from './transaction.ts';

/** An orderer's answer to an envelope; `info` says why where the status is not SUCCESS. */
export interface BroadcastAnswer {
  readonly status: BroadcastStatus;
  readonly info: string;
}

/** An envelope that orderers do not take, with the status and the words that they answer it with. */
class NotTaken extends Error {
  readonly status: BroadcastStatus;
  constructor(status: BroadcastStatus, info: string) {
    super(info);
    this.status = status;
  }
}

const bad = (info: string): never => {
  throw new NotTaken(BroadcastStatus.BAD_REQUEST, info);
};

export const WRITERS = '/Channel/Writers';

export interface AdmissionParts {
  /** The configuration in force. */
  config(): ChannelConfig;
  readonly orderer: BlockSigner;
  /** Milliseconds since 1970. */
  now(): number;
  readonly random?: ((size: number) => Buffer) | undefined;
}

/** What an orderer does with an envelope before it orders it: who may write, how large, and what updates make of the channel. */
export class Admission {
  readonly #parts: AdmissionParts;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /** The transaction to be ordered: the envelope itself, or for an update the config transaction that it makes. */
  admit(bytes: Buffer): LedgerTransaction | BroadcastAnswer {
    try {
      const transaction = readTransaction(bytes);
      const { type } = this.#header(transaction);
      if (type !== HeaderType.CONFIG_UPDATE) {
        this.#filter(transaction);
        return transaction;
      }
      within('config update for existing channel did not pass initial checks', () => this.#filter(transaction));
      return this.#configured(transaction);
    } catch (cause) {
      if (cause instanceof NotTaken) return { status: cause.status, info: cause.message };
      throw cause;
    }
  }

  /** Looks again at what was let in under a configuration that is no longer in force; `undefined` where it must be dropped. */
  again(transaction: LedgerTransaction): LedgerTransaction | undefined {
    const update = transaction.header.type === HeaderType.CONFIG ? lastUpdateOf(transaction) : transaction.bytes;
    const admitted = this.admit(update);
    return 'status' in admitted ? undefined : admitted;
  }

  #header({ malformed, payload, header }: LedgerTransaction): ChannelHeader {
    const why = 'could not determine channel ID';
    const { channelHeader } = payload.header ?? {};
    if (malformed === Code.BAD_PAYLOAD) {
      return bad(`${why}: error unmarshalling Payload: proto: cannot parse invalid wire-format data`);
    }
    if (channelHeader === undefined) return bad(`${why}: header not set`);
    if (channelHeader.length === 0) return bad(`${why}: channel header not set`);
    if (header.channelId !== this.#parts.config().channelId) {
      throw new NotTaken(BroadcastStatus.NOT_FOUND, 'channel does not exist');
    }
    if (header.type === HeaderType.CONFIG || header.type === HeaderType.ORDERER_TRANSACTION) {
      return bad('message is of type that cannot be processed directly');
    }
    return header;
  }

  #filter({ envelope, signature }: LedgerTransaction): void {
    const { identities, policies, maxBytes } = this.#parts.config();
    const size = envelope.payload.length + envelope.signature.length;
    if (size === 0) bad('Message was empty');
    if (size > maxBytes) bad(`message payload is ${size} bytes and exceeds maximum allowed ${maxBytes} bytes`);
    const identity = identities.read(signature.creator);
    if (identity !== undefined && identity.problem === undefined && identity.notAfter < this.#parts.now()) {
      bad('broadcast client identity expired');
    }
    const creator = identities.signer(signature.creator, envelope.payload, envelope.signature);
    const why = refusal(policies.at(WRITERS), creator === undefined ? [] : [creator]);
    if (why !== undefined) throw new NotTaken(BroadcastStatus.FORBIDDEN, `${why}: permission denied`);
  }

  /** The config transaction that an update makes: the configuration to come with what asked for it, signed by the orderer. */
  #configured(update: LedgerTransaction): LedgerTransaction {
    const config = this.#parts.config();
    const next = within(`error applying config update to existing channel '${config.channelId}'`, () => {
      const authorized = within('error authorizing update', () => {
        const envelope = within('error converting envelope to config update', () =>
          ConfigUpdateEnvelope.decode(update.payload.data),
        );
        return authorizedUpdate(config, envelope);
      });
      checkSound(
        config,
        within('initializing channelconfig failed', () => channelConfigOf(config.channelId, authorized)),
      );
      return authorized;
    });
    const transaction = this.#signed(RawConfigEnvelope.encode({ config: next, lastUpdate: update.bytes }));
    within('config update for existing channel did not pass final checks', () => this.#filter(transaction));
    return transaction;
  }

  #signed(data: Buffer): LedgerTransaction {
    const { orderer, now, random = randomBytes, config } = this.#parts;
    const ms = now();
    const timestamp = { seconds: Math.floor(ms / 1000), nanos: 0 };
    const channelHeader = ChannelHeader.encode({ type: HeaderType.CONFIG, channelId: config().channelId, timestamp });
    const signatureHeader = SignatureHeader.encode({ creator: orderer.identity, nonce: random(24) });
    const payload = Payload.encode({ header: { channelHeader, signatureHeader }, data });
    return readTransaction(Envelope.encode({ payload, signature: orderer.sign(payload) }));
  }
}

/** The envelope of the update that a config transaction came from. */
const lastUpdateOf = ({ payload }: LedgerTransaction): Buffer => RawConfigEnvelope.decode(payload.data).lastUpdate;

function refusal(policy: Policy, signers: Parameters<Policy['refusal']>[0]): string | undefined {
  return policy.satisfiedBy(signers) ? undefined : policy.refusal(signers);
}

/** Says what failed in front of why, as Go's wrapped errors do; the status of what was refused stays. */
function within<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    const status = cause instanceof NotTaken ? cause.status : BroadcastStatus.BAD_REQUEST;
    throw new NotTaken(status, `${what}: ${(cause as Error).message}`);
  }
}
