export { type Simulation, simulateUpdate, type TouchedElement } from '../../ledger/verify/simulate-update.ts';
export {
  type ChangeProgress,
  ChangeProposal,
  type ChangeReview,
  proposeChange,
  refuseChange,
  reviewChange,
  signChange,
  submitChange,
} from './change-proposal.ts';
export { configUpdate, copyGroup } from './compare.ts';
export { applyEdit, type ConfigEdit } from './edits.ts';
export { type Objection, objections, type Versions } from './guard.ts';
export { type PolicyImpact, type PolicyPower, policyImpact, policyPowers } from './impact.ts';
export { type Formula, policyFormula, type Quorums, quorums, signatureFormula } from './policy-algebra.ts';
export { type ReadableChange, readableDiff } from './readable-diff.ts';
export { signUpdate, updateEnvelope, verifyUpdateSignature } from './signatures.ts';
