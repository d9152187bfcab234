export {
  parseUpdate,
  type Simulation,
  simulateUpdate,
  type TouchedElement,
} from '../../ledger/verify/simulate-update.ts';
export { carriedUpdate } from './carried-update.ts';
export {
  acceptSignature,
  type ChangeProgress,
  ChangeProposal,
  type ChangeReview,
  completeChange,
  proposeChange,
  refuseChange,
  reviewChange,
  SignaturesMissing,
  signChange,
  submitChange,
  WreckingChange,
} from './change-proposal.ts';
export { configUpdate, copyGroup } from './compare.ts';
export { type ConsenterInConfig, consentersOf, consentersOfOrganization, type OwnedConsenter } from './consenters.ts';
export { ConfigEdit } from './edit-schema.ts';
export { applyEdit } from './edits.ts';
export { type Objection, objections, type Versions } from './guard.ts';
export { type PolicyImpact, type PolicyPower, policyImpact, policyPowers } from './impact.ts';
export { completing, type Formula, policyFormula, type Quorums, quorums, signatureFormula } from './policy-algebra.ts';
export { type ReadableChange, readableDiff } from './readable-diff.ts';
export { signUpdate, updateEnvelope, verifyUpdateSignature } from './signatures.ts';
