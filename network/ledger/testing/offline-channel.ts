import { type KeyObject, randomBytes } from 'node:crypto';
import {
  type CertifiedKey,
  foundAuthority,
  issueIdentity,
  issueTls,
  type NodeRole,
} from '../../admin/certificates/authority.ts';
import { signUpdate, updateEnvelope } from '../../admin/changes/signatures.ts';
import type { ChannelDescription } from '../../admin/config/channel-description.ts';
import { genesisBlock } from '../../admin/config/genesis-block.ts';
import { buildProposal, buildTransaction, signedEnvelope } from '../../admin/protocol/proposal.ts';
import { type Signatory, signatory } from '../identity.ts';
import {
  Block,
  ChaincodeAction,
  ChaincodeEvent,
  ChannelHeader,
  ConfigEnvelope,
  type ConfigGroup,
  Envelope,
  headerTypes,
  Metadata,
  OrdererBlockMetadata,
  ProposalResponsePayload,
  SignatureHeader,
} from '../messages/index.ts';
import { sha256 } from '../signing.ts';
import { blockHash, dataHash, headerBytes, parseBlock } from '../verify/block-hash.ts';
import { readChannelConfig } from '../verify/channel-config.ts';
import { simulateUpdate } from '../verify/simulate-update.ts';

/** One organization of an offline channel: its authority and one signatory per role. */
export interface OfflineOrganization {
  readonly mspId: string;
  readonly authority: CertifiedKey;
  readonly tlsAuthority: CertifiedKey;
  readonly tls: CertifiedKey;
  readonly roots: { rootCertificate: string; tlsRootCertificate: string; revocationLists: string[] };
  readonly peer: Signatory;
  readonly orderer: Signatory;
  readonly admin: Signatory;
  readonly client: Signatory;
  readonly clientKey: KeyObject;
}

/** An organization with real certificates, in memory. */
export async function offlineOrganization(mspId: string, now: Date): Promise<OfflineOrganization> {
  const authority = await foundAuthority(`ca.${mspId}`, mspId, now);
  const tlsAuthority = await foundAuthority(`tlsca.${mspId}`, mspId, now);
  const issue = (role: NodeRole) => issueIdentity(authority, { name: `${role}.${mspId}`, role, now });
  const speak = ({ certificate, key }: CertifiedKey) => signatory({ mspId, certificate, privateKey: key });
  const client = await issue('client');
  return {
    mspId,
    authority,
    tlsAuthority,
    tls: await issueTls(tlsAuthority, { name: 'peer', hosts: ['localhost', '127.0.0.1'], now }),
    roots: {
      rootCertificate: authority.certificate,
      tlsRootCertificate: tlsAuthority.certificate,
      revocationLists: [],
    },
    peer: speak(await issue('peer')),
    orderer: speak(await issue('orderer')),
    admin: speak(await issue('admin')),
    client: speak(client),
    clientKey: client.key,
  };
}

/** The description of a channel of these organizations, each with an orderer. */
export function offlineDescription(organizations: readonly OfflineOrganization[]): ChannelDescription {
  return {
    channel: 'offline',
    organizations: organizations.map(({ mspId, roots }, index) => ({
      mspId,
      roots,
      ordererEndpoints: [`localhost:${7050 + index}`],
    })),
    consenters: organizations.map(({ mspId, tls, orderer }, index) => ({
      mspId,
      address: `localhost:${7050 + index}`,
      tlsCertificate: tls.certificate,
      certificate: orderer.certificate,
    })),
  };
}

export function offlineGenesis(organizations: readonly OfflineOrganization[], now: Date): Uint8Array {
  return genesisBlock(offlineDescription(organizations), now);
}

export interface OfflineCall {
  readonly creator: Signatory;
  readonly endorsers: readonly Signatory[];
  readonly chaincode?: string;
  readonly args?: readonly string[];
  readonly answer?: Uint8Array;
  readonly event?: { readonly name: string; readonly payload: Uint8Array };
  readonly now: Date;
}

/** What a client, its endorsers and nobody else would make of a call: the signed envelope and the endorsements in it. */
export function offlineTransaction(call: OfflineCall) {
  const { creator, endorsers, chaincode = 'dcloud', args = ['ask'], answer = Buffer.from('yes'), event, now } = call;
  const proposal = buildProposal(creator, { channel: 'offline', chaincode, args, now });
  const { transactionId: txId, channelHeader, signatureHeader, payload } = proposal;
  const events =
    event && ChaincodeEvent.encode({ chaincodeId: chaincode, txId, eventName: event.name, payload: event.payload });
  const responsePayload = ProposalResponsePayload.encode({
    proposalHash: sha256(channelHeader, signatureHeader, payload),
    extension: ChaincodeAction.encode({
      results: Buffer.from('0a00', 'hex'),
      events,
      response: { status: 200, payload: answer, message: '' },
      chaincodeId: { path: '', name: chaincode, version: '1' },
    }),
  });
  const endorsements = endorsers.map((endorser) => ({
    endorser: endorser.creator,
    signature: endorser.sign(Buffer.concat([responsePayload, endorser.creator])),
  }));
  const responses = endorsements.map((endorsement) => ({
    version: 1,
    timestamp: undefined,
    response: undefined,
    payload: responsePayload,
    endorsement,
  }));
  return { ...proposal, responsePayload, endorsements, envelope: buildTransaction(creator, proposal, responses) };
}

/** The block after `before` with these envelopes, signed by an orderer, with a peer's validation codes. */
export function offlineBlock(
  before: Uint8Array,
  envelopes: readonly Uint8Array[],
  orderer: Signatory,
  options: { readonly codes?: Uint8Array; readonly lastConfig?: number } = {},
): Uint8Array {
  const { header: previous } = parseBlock(before);
  const header = { number: previous.number + 1, previousHash: blockHash(previous), dataHash: dataHash(envelopes) };
  const value = OrdererBlockMetadata.encode({ lastConfig: { index: options.lastConfig ?? 0 } });
  const signatureHeader = SignatureHeader.encode({ creator: orderer.creator, nonce: randomBytes(24) });
  const signature = orderer.sign(Buffer.concat([value, signatureHeader, headerBytes(header)]));
  const nothing = new Uint8Array(0);
  const signatures = Metadata.encode({
    value,
    signatures: [{ signatureHeader, signature, identifierHeader: nothing }],
  });
  const codes = options.codes ?? new Uint8Array(envelopes.length);
  return Block.encode({
    header,
    data: { data: [...envelopes] },
    metadata: { metadata: [signatures, nothing, codes, nothing, nothing] },
  });
}

/** The config block that orderers would cut for an update with these approvals; `stated` replaces what it says is in force. */
export function offlineConfigBlock(
  before: Uint8Array,
  update: Uint8Array,
  approvals: readonly Signatory[],
  orderer: Signatory,
  stated?: ConfigGroup,
): Uint8Array {
  const config = readChannelConfig(before);
  const now = new Date(0);
  const signatures = approvals.map((admin) => signUpdate(admin, update));
  const lastUpdate = Envelope.decode(updateEnvelope(approvals[0]!, config.channel, update, signatures, now));
  const channelGroup = stated ?? simulateUpdate(update, config.group).after;
  const data = ConfigEnvelope.encode({ config: { sequence: config.sequence + 1, channelGroup }, lastUpdate });
  const channelHeader = ChannelHeader.encode({ type: headerTypes.config, channelId: config.channel, version: 1 });
  const signatureHeader = SignatureHeader.encode({ creator: orderer.creator, nonce: randomBytes(24) });
  const envelope = signedEnvelope(orderer, { header: { channelHeader, signatureHeader }, data });
  return offlineBlock(before, [envelope], orderer);
}
