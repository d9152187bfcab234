import type { ChannelConfig } from '../msp/channel-config.ts';
import type { Identity } from '../msp/identity.ts';
import { Config, ConfigUpdate, type ConfigUpdateEnvelope } from '../wire/config.ts';
import { SignatureHeader } from '../wire/envelope.ts';
import type { Wire } from '../wire/message.ts';
import { type ConfigElement, type ConfigElements, elementsOf, illegalName, treeOf } from './config-tree.ts';

/**
 * Applies an update to the configuration in force as Fabric's orderers do: its read set must still be so, and each element that
 * it changes counts its version up by one and is agreed to by the policy that guards it. Gives the `common.Config` that
 * follows. Throws Fabric's own words.
 */
export function authorizedUpdate(current: ChannelConfig, envelope: Wire<typeof ConfigUpdateEnvelope>): Buffer {
  const { channelId, readSet, writeSet } = within('error unmarshalling ConfigUpdate', () =>
    ConfigUpdate.decode(envelope.configUpdate),
  );
  if (channelId !== current.channelId) {
    throw new Error(`ConfigUpdate for channel '${channelId}' but envelope for channel '${current.channelId}'`);
  }
  const now = elementsOf(current.group);
  const read = within('error mapping ReadSet', () => elementsOf(readSet));
  within('error validating ReadSet', () => checkRead(read, now));
  const written = within('error mapping WriteSet', () => elementsOf(writeSet));
  const changed = new Map(
    [...written].filter(([key, element]) => read.get(key)?.content.version !== element.content.version),
  );
  within('error validating DeltaSet', () => checkChanges(changed, now, current, signersOf(envelope, current)));
  const channelGroup = treeOf(new Map([...now, ...changed]));
  return Config.encode({ sequence: current.sequence + 1, channelGroup });
}

function within<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw new Error(`${what}: ${(cause as Error).message}`, { cause });
  }
}

function checkRead(read: ConfigElements, now: ConfigElements): void {
  for (const [key, { content }] of read) {
    const version = now.get(key)?.content.version;
    if (version === undefined) {
      throw new Error(`existing config does not contain element for ${key} but was in the read set`);
    }
    if (version !== content.version) {
      throw new Error(
        `proposed update requires that key ${key} be at version ${content.version}, but it is currently at version ${version}`,
      );
    }
  }
}

function checkChanges(
  changed: ConfigElements,
  now: ConfigElements,
  { policies }: ChannelConfig,
  signers: readonly Identity[],
): void {
  if (changed.size === 0) throw new Error('delta set was empty -- update would have no effect');
  for (const [key, { content }] of changed) {
    const illegal = illegalGuard(content.modPolicy);
    if (illegal !== undefined) throw new Error(`invalid mod_policy for element ${key}: ${illegal}`);
    const existing = now.get(key);
    if (existing === undefined) {
      if (content.version === 0) continue;
      throw new Error(`attempted to set key ${key} to version ${content.version}, but key does not exist`);
    }
    const { version, modPolicy } = existing.content;
    if (content.version !== version + 1) {
      throw new Error(`attempt to set key ${key} to version ${content.version}, but key is at version ${version}`);
    }
    const policy = policies.find(guardOf(existing));
    if (policy === undefined) throw new Error(`unexpected missing policy ${modPolicy} for item ${key}`);
    if (!policy.satisfiedBy(signers)) throw new Error(`policy for ${key} not satisfied: ${policy.refusal(signers)}`);
  }
}

/** Path of the policy that guards an element: a relative name belongs to the group that holds it, or to the group itself. */
function guardOf({ kind, name, above, content: { modPolicy } }: ConfigElement): string {
  if (modPolicy.startsWith('/')) return modPolicy;
  const group = kind === 'group' ? [...above, name] : above;
  return `/${group.join('/')}/${modPolicy}`;
}

function illegalGuard(modPolicy: string): string | undefined {
  if (modPolicy === '') return 'mod_policy not set';
  const parts = modPolicy.replace(/^\//, '').split('/');
  for (const [i, part] of parts.entries()) {
    const why = illegalName(part);
    if (why !== undefined) return `path element at ${i} is invalid: ${why}`;
  }
  return undefined;
}

/** Those whose signatures over the update are right, each once. A wrong one counts for nothing. */
function signersOf(
  { configUpdate, signatures }: Wire<typeof ConfigUpdateEnvelope>,
  { identities }: ChannelConfig,
): readonly Identity[] {
  const signers = new Map<string, Identity>();
  for (const { signatureHeader, signature } of signatures) {
    const { creator } = SignatureHeader.decode(signatureHeader);
    const signer = identities.signer(creator, Buffer.concat([signatureHeader, configUpdate]), signature);
    if (signer !== undefined) signers.set(creator.toString('latin1'), signer);
  }
  return [...signers.values()];
}
