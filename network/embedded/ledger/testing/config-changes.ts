import {
  applyEdit,
  type ConfigEdit,
  configUpdate,
  copyGroup,
  signUpdate,
  updateEnvelope,
} from '../../../admin/index.ts';
import type { Signatory } from '../../../ledger/identity.ts';
import { readChannelConfig } from '../../../ledger/verify/channel-config.ts';
import type { Signer } from '../msp/signer.ts';
import { SerializedIdentity } from '../wire/envelope.ts';

const signatory = (signer: Signer): Signatory => ({
  mspId: signer.mspId,
  certificate: SerializedIdentity.decode(signer.identity).certificate.toString(),
  creator: signer.identity,
  sign: (bytes) => signer.sign(bytes),
});

/** The update that makes these edits of the configuration in a config block. */
export function updateOf(configBlock: Buffer, ...edits: readonly ConfigEdit[]): Uint8Array {
  const { group, channel } = readChannelConfig(configBlock);
  const wanted = copyGroup(group);
  for (const edit of edits) applyEdit(wanted, edit);
  return configUpdate(channel, group, wanted);
}

/** An update as an orderer takes it: signed by `approvers`, handed in by `submitter`. */
export function updateEnvelopeOf(
  channel: string,
  update: Uint8Array,
  approvers: readonly Signer[],
  submitter: Signer,
): Buffer {
  const signatures = approvers.map((signer) => signUpdate(signatory(signer), update));
  return Buffer.from(updateEnvelope(signatory(submitter), channel, update, signatures, new Date()));
}
