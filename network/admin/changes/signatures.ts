import { randomBytes } from 'node:crypto';
import { Fault } from '../../ledger/fault.ts';
import type { Signatory } from '../../ledger/identity.ts';
import {
  ChannelHeader,
  ConfigSignature,
  ConfigUpdateEnvelope,
  headerTypes,
  SignatureHeader,
} from '../../ledger/messages/index.ts';
import type { ChannelConfig } from '../../ledger/verify/channel-config.ts';
import { verifyUpdateSigner } from '../../ledger/verify/config-update.ts';
import type { Member } from '../../ledger/verify/member.ts';
import { signedEnvelope, timestamp } from '../protocol/proposal.ts';

/** One organization's signature (`common.ConfigSignature` bytes) over the update's bytes as it was sent them: made anywhere, in any order. */
export function signUpdate(signatory: Signatory, update: Uint8Array): Uint8Array {
  const signatureHeader = SignatureHeader.encode({ creator: signatory.creator, nonce: randomBytes(24) });
  const signature = signatory.sign(Buffer.concat([signatureHeader, update]));
  return ConfigSignature.encode({ signatureHeader, signature });
}

/** Who signed an update; refuses a wrong signature, a stranger's, and one by anybody but an admin. */
export function verifyUpdateSignature(bytes: Uint8Array, update: Uint8Array, config: ChannelConfig): Member {
  const member = verifyUpdateSigner(ConfigSignature.decode(bytes), update, config);
  if (member.role !== 'admin') {
    throw new Fault(
      'misconfigured',
      `${member.commonName} of ${member.mspId} signed as ${member.role}; only admins approve`,
    );
  }
  return member;
}

/**
 * The envelope that an orderer takes. The submitter's signature on it counts as nobody's approval, but a submitter must
 * be a writer of the channel whose certificate has not expired.
 */
export function updateEnvelope(
  submitter: Signatory,
  channel: string,
  update: Uint8Array,
  signatures: readonly Uint8Array[],
  now: Date,
): Uint8Array {
  const data = ConfigUpdateEnvelope.encode({
    configUpdate: update,
    signatures: signatures.map((signature) => ConfigSignature.decode(signature)),
  });
  const channelHeader = ChannelHeader.encode({
    type: headerTypes.configUpdate,
    channelId: channel,
    timestamp: timestamp(now),
  });
  const signatureHeader = SignatureHeader.encode({ creator: submitter.creator, nonce: randomBytes(24) });
  return signedEnvelope(submitter, { header: { channelHeader, signatureHeader }, data });
}
