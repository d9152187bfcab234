/** `/v1/admin`: what an organization's admin does to channels, changes of them, chaincodes, organizations and certificates. */
import type { Route } from '../../http/route.ts';
import { announceAuthority } from './announce-authority.ts';
import { approveChaincode } from './approve-chaincode.ts';
import { changeAuthority } from './change-authority.ts';
import { commitChaincode } from './commit-chaincode.ts';
import { describeOrganization } from './describe-organization.ts';
import { getChange } from './get-change.ts';
import { getChangeFile } from './get-change-file.ts';
import { getChannel } from './get-channel.ts';
import { getConfigBlock } from './get-config-block.ts';
import { getPowers } from './get-powers.ts';
import { installChaincode } from './install-chaincode.ts';
import { issueCertificate } from './issue-certificate.ts';
import { joinChannel } from './join-channel.ts';
import { joinOrderer } from './join-orderer.ts';
import { leaveOrderer } from './leave-orderer.ts';
import { listCertificates } from './list-certificates.ts';
import { listChaincodes } from './list-chaincodes.ts';
import { listChanges } from './list-changes.ts';
import { listChannels } from './list-channels.ts';
import { listMembers } from './list-members.ts';
import { openChannel } from './open-channel.ts';
import { proposeChaincode } from './propose-chaincode.ts';
import { proposeChange } from './propose-change.ts';
import { refuseChange } from './refuse-change.ts';
import { renewCertificate } from './renew-certificate.ts';
import { retireAuthority } from './retire-authority.ts';
import { revokeCertificate } from './revoke-certificate.ts';
import { signChange } from './sign-change.ts';
import { submitChange } from './submit-change.ts';
import { takeInChange } from './take-in-change.ts';
import { withdrawChange } from './withdraw-change.ts';

export const adminRoutes: readonly Route[] = [
  listChannels,
  openChannel,
  joinChannel,
  getChannel,
  getConfigBlock,
  getPowers,
  joinOrderer,
  leaveOrderer,
  proposeChange,
  listChanges,
  takeInChange,
  getChange,
  getChangeFile,
  signChange,
  refuseChange,
  withdrawChange,
  submitChange,
  listMembers,
  describeOrganization,
  listChaincodes,
  installChaincode,
  proposeChaincode,
  approveChaincode,
  commitChaincode,
  listCertificates,
  issueCertificate,
  renewCertificate,
  revokeCertificate,
  announceAuthority,
  changeAuthority,
  retireAuthority,
];
