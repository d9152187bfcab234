export type { Check } from './checks.ts';
export { longestPack, type Verdict, verifyEvidence } from './verify.ts';
