import { bytes, int, list, type Message, message, nested, string, uint, uintOrAbsent } from './message.ts';

/** Fabric's policies and principals (fabric-protos common/policies.proto, msp/msp_principal.proto). */
export const policyTypes = { signature: 1, implicitMeta: 3 } as const;
export const Policy = message({ type: int(1), value: bytes(2) });

export interface NOutOf {
  n: number;
  rules: SignaturePolicy[];
}
/** Either `signedBy` (index of a principal) or `nOutOf` is there. */
export interface SignaturePolicy {
  signedBy?: number | undefined;
  nOutOf?: NOutOf | undefined;
}
export const NOutOf: Message<NOutOf> = message({ n: uint(1), rules: list(2, () => SignaturePolicy) });
export const SignaturePolicy: Message<SignaturePolicy> = message({
  signedBy: uintOrAbsent(1),
  nOutOf: nested(2, () => NOutOf),
});

export const principalKinds = { role: 0, organizationUnit: 1, identity: 2 } as const;
export const Principal = message({ classification: uint(1), principal: bytes(2) });
export const roles = ['member', 'admin', 'client', 'peer', 'orderer'] as const;
export type MspRoleName = (typeof roles)[number];
export const MspRole = message({ mspId: string(1), role: uint(2) });
export const OrganizationUnitPrincipal = message({ mspId: string(1), unit: string(2), certifiers: bytes(3) });

export const SignaturePolicyEnvelope = message({
  version: uint(1),
  rule: nested(2, () => SignaturePolicy),
  identities: list(3, () => Principal),
});

export const implicitRules = ['ANY', 'ALL', 'MAJORITY'] as const;
export type ImplicitRule = (typeof implicitRules)[number];
export const ImplicitMetaPolicy = message({ subPolicy: string(1), rule: uint(2) });

export const ApplicationPolicy = message({
  signaturePolicy: nested(1, () => SignaturePolicyEnvelope),
  channelConfigPolicyReference: string(2),
});
