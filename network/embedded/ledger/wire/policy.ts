import { bytes, int32, list, type Message, message, nested, string, type Wire } from './message.ts';

// Policies and who they name (fabric-protos `common`, `msp`).

export const MspPrincipal = message('MSPPrincipal', { classification: int32(1), principal: bytes(2) });
export const MspRole = message('MSPRole', { mspId: string(1), role: int32(2) });
export const OrganizationUnit = message('OrganizationUnit', {
  mspId: string(1),
  unit: string(2),
  certifiers: bytes(3),
});
export const PrincipalClassification = { ROLE: 0, ORGANIZATION_UNIT: 1, IDENTITY: 2 } as const;
/** The roles of an MSP, by their number on the wire. */
export const ROLES = ['member', 'admin', 'client', 'peer', 'orderer'] as const;
export type Role = (typeof ROLES)[number];

/** A rule is `n` of other rules, or one signature by the principal at an index; absent numbers read as 0. */
export interface SignatureRule {
  readonly signedBy?: number | undefined;
  readonly nOutOf?:
    | { readonly n?: number | undefined; readonly rules?: readonly SignatureRule[] | undefined }
    | undefined;
}
const NOutOf: Message<{ n: number; rules: readonly SignatureRule[] }, NonNullable<SignatureRule['nOutOf']>> = message(
  'NOutOf',
  { n: int32(1), rules: list(nested(2, () => SignaturePolicyRule)) },
);
/** `signedBy` and `nOutOf` are a oneof: a rule without `nOutOf` is a signature, also by principal 0. */
export const SignaturePolicyRule: Message<SignatureRule, SignatureRule> = message('SignaturePolicy', {
  signedBy: int32(1),
  nOutOf: nested(2, () => NOutOf),
});
export const SignaturePolicyEnvelope = message('SignaturePolicyEnvelope', {
  version: int32(1),
  rule: nested(2, () => SignaturePolicyRule),
  identities: list(nested(3, () => MspPrincipal)),
});
export const ImplicitMetaPolicy = message('ImplicitMetaPolicy', { subPolicy: string(1), rule: int32(2) });
export const Policy = message('Policy', { type: int32(1), value: bytes(2) });
export const PolicyType = { SIGNATURE: 1, IMPLICIT_META: 3 } as const;
export const ImplicitRule = { ANY: 0, ALL: 1, MAJORITY: 2 } as const;
export type MspPrincipal = Wire<typeof MspPrincipal>;
export type SignaturePolicyEnvelope = Wire<typeof SignaturePolicyEnvelope>;
export type Policy = Wire<typeof Policy>;
