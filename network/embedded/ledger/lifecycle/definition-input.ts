import type { ChannelConfig } from '../msp/channel-config.ts';
import { signaturePolicy } from '../msp/policy.ts';
import { CollectionPackage, type StaticCollection } from '../wire/lifecycle.ts';
import { MspRole, OrganizationUnit, PrincipalClassification, type SignatureRule } from '../wire/policy.ts';

const systemNames: ReadonlySet<string> = new Set(['cscc', 'escc', 'lscc', 'qscc', 'vscc']);

/** Refuses a definition that no channel may agree upon; throws Fabric's words. `committed`: its collections in force, if any. */
export function checkDefinition(
  { name, version, collections }: { readonly name: string; readonly version: string; readonly collections: Buffer },
  channel: ChannelConfig,
  committed: Buffer | undefined,
): void {
  if (!/^[a-zA-Z0-9]+([-_][a-zA-Z0-9]+)*$/.test(name)) {
    throw new Error(
      `invalid chaincode name '${name}'. Names can only consist of alphanumerics, '_', and '-' and can only begin with alphanumerics`,
    );
  }
  if (systemNames.has(name)) throw new Error(`chaincode name '${name}' is the name of a system chaincode`);
  if (!/^[A-Za-z0-9_.+-]+$/.test(version)) {
    throw new Error(
      `invalid chaincode version '${version}'. Versions can only consist of alphanumerics, '_', '-', '+', and '.'`,
    );
  }
  const proposed = collectionsOf(collections);
  const names = new Set<string>();
  for (const collection of proposed) {
    checkCollection(collection, names, channel);
    names.add(collection.name);
  }
  if (committed !== undefined) checkAgainst(proposed, collectionsOf(committed));
}

function collectionsOf(bytes: Buffer): readonly StaticCollection[] {
  return CollectionPackage.decode(bytes).collections.map(({ static: collection }) => {
    if (collection === undefined) throw new Error('collection config contains unexpected payload type: <nil>');
    return collection;
  });
}

function checkCollection(collection: StaticCollection, names: ReadonlySet<string>, channel: ChannelConfig): void {
  const { name, requiredPeerCount, maximumPeerCount, memberPolicy } = collection;
  if (!/^[A-Za-z0-9-]+([A-Za-z0-9_-]+)*$/.test(name)) {
    throw new Error(
      `invalid collection name '${name}'. Names can only consist of alphanumerics, '_', and '-' and cannot begin with '_'`,
    );
  }
  if (names.has(name)) throw new Error(`collection-name: ${name} -- found duplicate in collection configuration`);
  if (maximumPeerCount < requiredPeerCount) {
    throw new Error(
      `collection-name: ${name} -- maximum peer count (${maximumPeerCount}) cannot be less than the required peer count (${requiredPeerCount})`,
    );
  }
  if (requiredPeerCount < 0) {
    throw new Error(`collection-name: ${name} -- requiredPeerCount (${requiredPeerCount}) cannot be less than zero`);
  }
  if (memberPolicy === undefined) throw new Error(`collection member policy is not set for collection '${name}'`);
  const policy = memberPolicy.signaturePolicy;
  if (policy === undefined) throw new Error(`collection member org policy is empty for collection '${name}'`);
  try {
    signaturePolicy(policy);
  } catch (cause) {
    throw new Error(`invalid member org policy for collection '${name}': ${(cause as Error).message}`, { cause });
  }
  const needed = notOneOf(policy.rule);
  if (needed !== undefined) {
    throw new Error(
      `collection-name: ${name} -- error in member org policy: signature policy is not an OR concatenation, NOutOf ${needed}`,
    );
  }
  for (const { classification, principal } of policy.identities) {
    const mspId = memberOf(classification, principal);
    if (mspId !== undefined && !channel.organizations.has(mspId)) {
      throw new Error(`collection-name: ${name} -- collection member '${mspId}' is not part of the channel`);
    }
    if (mspId === undefined && channel.identities.read(principal) === undefined) {
      throw new Error(`collection-name: ${name} -- contains an identity that is not part of the channel`);
    }
  }
}

/** The first threshold other than one in a rule: members are listed, not counted. */
function notOneOf(rule: SignatureRule | undefined): number | undefined {
  if (rule?.nOutOf === undefined) return undefined;
  const { n = 0, rules = [] } = rule.nOutOf;
  if (n !== 1) return n;
  for (const inner of rules) {
    const found = notOneOf(inner);
    if (found !== undefined) return found;
  }
  return undefined;
}

function memberOf(classification: number, principal: Buffer): string | undefined {
  if (classification === PrincipalClassification.ROLE) return MspRole.decode(principal).mspId;
  if (classification === PrincipalClassification.ORGANIZATION_UNIT) return OrganizationUnit.decode(principal).mspId;
  return undefined;
}

function checkAgainst(proposed: readonly StaticCollection[], committed: readonly StaticCollection[]): void {
  if (committed.length === 0) return;
  if (proposed.length === 0)
    throw new Error('the proposed collection config does not contain previously defined collections');
  for (const { name, blockToLive } of committed) {
    const next = proposed.find((each) => each.name === name);
    if (next === undefined)
      throw new Error(`existing collection [${name}] missing in the proposed collection configuration`);
    if (next.blockToLive !== blockToLive) {
      throw new Error(`the BlockToLive in an existing collection [${name}] modified. Existing value [${blockToLive}]`);
    }
  }
}
