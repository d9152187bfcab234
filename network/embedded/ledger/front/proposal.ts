import { transactionId } from '../engine/transaction.ts';
import { accessRefusal } from '../msp/access.ts';
import type { Identities } from '../msp/identities.ts';
import type { Identity } from '../msp/identity.ts';
import { signed } from '../msp/identity.ts';
import { sha256 } from '../msp/signature.ts';
import { ChannelHeader, Header, HeaderType, SignatureHeader } from '../wire/envelope.ts';
import {
  ChaincodeHeaderExtension,
  ChaincodeInput,
  ChaincodeInvocationSpec,
  ChaincodeProposalPayload,
  Proposal,
  type SignedProposal,
} from '../wire/proposal.ts';
import type { Channel } from './channel.ts';

/** A proposal, read once for all endorsers. */
export interface UnpackedProposal {
  readonly signed: SignedProposal;
  readonly header: Header;
  readonly channelHeader: ChannelHeader;
  readonly signatureHeader: SignatureHeader;
  /** The chaincode that is executed: named by the header's extension. */
  readonly chaincode: string;
  /** Why the header's extension names none, in Fabric's words. */
  readonly unnamed: string | undefined;
  /** The chaincode by which a gateway chooses endorsers: named by the invocation. */
  readonly routedBy: string;
  readonly input: ChaincodeInput;
  readonly hasTransient: boolean;
  /** `ChaincodeProposalPayload` without transient data, as it goes into the transaction. */
  readonly openPayload: Buffer;
  /** SHA-256 over both headers and the open payload. */
  readonly hash: Buffer;
}

const systemChaincodes = new Set(['qscc', 'cscc', 'lscc', '_lifecycle']);
export const isSystemChaincode = (name: string): boolean => systemChaincodes.has(name);

/** Throws on bytes that are no proposal. */
export function unpackProposal(signedProposal: SignedProposal): UnpackedProposal {
  const proposal = Proposal.decode(signedProposal.proposalBytes);
  const header = Header.decode(proposal.header);
  const channelHeader = ChannelHeader.decode(header.channelHeader);
  const payload = ChaincodeProposalPayload.decode(proposal.payload);
  const spec = ChaincodeInvocationSpec.decode(payload.input).chaincodeSpec;
  const openPayload = ChaincodeProposalPayload.encode({ input: payload.input });
  return {
    signed: signedProposal,
    header,
    channelHeader,
    signatureHeader: SignatureHeader.decode(header.signatureHeader),
    ...named(channelHeader.extension),
    routedBy: spec?.chaincodeId?.name ?? '',
    input: spec?.input ?? ChaincodeInput.decode(Buffer.alloc(0)),
    hasTransient: Object.keys(payload.transientMap ?? {}).length > 0,
    openPayload,
    hash: sha256(header.channelHeader, header.signatureHeader, openPayload),
  };
}

function named(extension: Buffer): { chaincode: string; unnamed: string | undefined } {
  try {
    const chaincode = ChaincodeHeaderExtension.decode(extension).chaincodeId?.name ?? '';
    return { chaincode, unnamed: chaincode === '' ? 'ChaincodeHeaderExtension.ChaincodeId is nil' : undefined };
  } catch (cause) {
    return { chaincode: '', unnamed: `error unmarshalling ChaincodeHeaderExtension: ${(cause as Error).message}` };
  }
}

/** A proposal that no peer takes: Fabric's text. */
export class ProposalRefused extends Error {}

const typeNames = new Map<number, string>(Object.entries(HeaderType).map(([name, type]) => [type, name]));
const refuse = (why: string): never => {
  throw new ProposalRefused(why);
};

/** The checks that every peer makes before it simulates: they depend on the proposal only. Gives its creator. */
export function checkProposal(proposal: UnpackedProposal, channel: Channel): Identity {
  const { channelHeader, signatureHeader, chaincode } = proposal;
  const creator = checkCreator(proposal, channel.id, channel.ledger.config.identities);
  if (channel.ledger.commits.get(channelHeader.txId) !== undefined) {
    const who = signatureHeader.creator.toString('hex');
    refuse(`duplicate transaction found [${channelHeader.txId}]. Creator [${who}]`);
  }
  if (isSystemChaincode(chaincode)) return creator;
  const why = accessRefusal(channel.ledger.config, 'peer/Propose', '/Channel/Application/Writers', creator);
  if (why !== undefined) refuse(why);
  return creator;
}

/** What a peer checks of any proposal, also of one without a channel (`channelId` empty). Gives its creator. */
export function checkCreator(proposal: UnpackedProposal, channelId: string, identities: Identities): Identity {
  const { channelHeader, signatureHeader, unnamed } = proposal;
  if (unnamed !== undefined) refuse(unnamed);
  const wrong = (why: string): never => refuse(`error validating proposal: ${why}`);
  if (channelHeader.type !== HeaderType.ENDORSER_TRANSACTION && channelHeader.type !== HeaderType.CONFIG) {
    wrong(`invalid header type ${typeNames.get(channelHeader.type) ?? channelHeader.type}`);
  }
  if (channelHeader.epoch !== 0) wrong('epoch is non-zero');
  if (signatureHeader.nonce.length === 0) wrong('nonce is empty');
  if (signatureHeader.creator.length === 0) wrong('creator is empty');
  const expected = transactionId(signatureHeader);
  if (channelHeader.txId !== expected) {
    wrong(`incorrectly computed txid '${channelHeader.txId}' -- expected '${expected}'`);
  }
  return creatorOf(proposal, channelId, identities);
}

function creatorOf(
  { signed: { proposalBytes, signature }, signatureHeader }: UnpackedProposal,
  channelId: string,
  identities: Identities,
): Identity {
  const creator = identities.read(signatureHeader.creator);
  const denied = `error validating proposal: access denied: channel [${channelId}] creator org`;
  if (creator === undefined) throw new ProposalRefused(`${denied} unknown, creator is malformed`);
  if (creator.problem !== undefined || !signed(creator, proposalBytes, signature)) {
    throw new ProposalRefused(`${denied} [${creator.mspId}]`);
  }
  return creator;
}

/** What stands at a peer's own gRPC door, not before the gateway's local endorser: expiry and, if set, the time window. */
export function checkAtDoor(
  proposal: UnpackedProposal,
  channel: Pick<Channel, 'now' | 'proposalWindowMs'>,
  identities: Identities,
): void {
  const creator = identities.read(proposal.signatureHeader.creator);
  if (creator !== undefined && creator.notAfter < channel.now()) refuse('proposal client identity expired');
  checkTime(proposal, channel);
}

/** The time window, if set, which 3.x puts before the gateway's local endorser too. */
export function checkTime(
  { channelHeader }: UnpackedProposal,
  { now, proposalWindowMs: windowMs }: Pick<Channel, 'now' | 'proposalWindowMs'>,
): void {
  if (windowMs === undefined) return;
  const { seconds, nanos } = channelHeader.timestamp ?? { seconds: 0, nanos: 0 };
  const proposedAt = seconds * 1000 + nanos / 1e6;
  const peerTime = now();
  if (Math.abs(proposedAt - peerTime) <= windowMs) return;
  refuse(
    `request unauthorized due to incorrect timestamp ${rfc3339(proposedAt)}, peer time ${rfc3339(peerTime)}, peer.authentication.timewindow ${goDuration(windowMs)}`,
  );
}

const latestDateMs = 8.64e15;
const rfc3339 = (ms: number): string => new Date(Math.min(ms, latestDateMs)).toISOString().replace(/\.\d{3}Z$/, 'Z');

/** As Go prints it: `15m0s`, `1.5s`, `200ms`. */
function goDuration(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const hours = ms < 3_600_000 ? '' : `${Math.floor(ms / 3_600_000)}h`;
  const minutes = ms < 60_000 ? '' : `${Math.floor(ms / 60_000) % 60}m`;
  return `${hours}${minutes}${(ms % 60_000) / 1000}s`;
}

/** What a check refuses with, or what it gives. */
export function refusedOr<T>(check: () => T): T | ProposalRefused {
  try {
    return check();
  } catch (cause) {
    if (cause instanceof ProposalRefused) return cause;
    throw cause;
  }
}

/** A refusal of another organization's peer comes over gRPC, whose Go client says so. */
export const farWords = ({ message }: ProposalRefused): string => `rpc error: code = Unknown desc = ${message}`;
