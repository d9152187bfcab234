import { Fault } from '../fault.ts';
import {
  ConfigEnvelope,
  type ConfigGroup,
  ConfigUpdateEnvelope,
  Envelope,
  Payload,
  SignatureHeader,
} from '../messages/index.ts';
import { parseBlock } from './block-hash.ts';
import type { ChannelConfig } from './channel-config.ts';
import { type Member, verifyMember, verifySignature } from './member.ts';
import { satisfiesPolicy } from './policy.ts';
import { simulateUpdate } from './simulate-update.ts';

/** Who signed an update's bytes, by the members that a configuration knows; throws on a wrong signature. */
export function verifyUpdateSigner(
  signature: { readonly signatureHeader: Uint8Array; readonly signature: Uint8Array },
  update: Uint8Array,
  config: ChannelConfig,
): Member {
  const msps = new Map([...config.ordererMsps, ...config.applicationMsps]);
  const member = verifyMember(SignatureHeader.decode(signature.signatureHeader).creator, msps);
  verifySignature(member, Buffer.concat([signature.signatureHeader, update]), signature.signature, 'the update');
  return member;
}

/** Signatures that are right, one per certificate. A wrong one counts for nothing, as at the orderers. */
function validSigners(envelope: ReturnType<typeof ConfigUpdateEnvelope.decode>, config: ChannelConfig): Member[] {
  const members = new Map<string, Member>();
  for (const signature of envelope.signatures) {
    try {
      const member = verifyUpdateSigner(signature, envelope.configUpdate, config);
      members.set(member.certificate.fingerprint256, member);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
  }
  return [...members.values()];
}

/**
 * Checks that a config block is what its members wanted: the update in it, signed by enough of them for every guard of the
 * configuration before, gives exactly the configuration that the block states. So no orderer alone can make one up.
 */
export function verifyConfigUpdate(before: ChannelConfig, block: Uint8Array, after: ChannelConfig): void {
  const [envelope] = parseBlock(block).envelopes;
  const payload = Payload.decode(Envelope.decode(envelope ?? new Uint8Array(0)).payload);
  const { lastUpdate } = ConfigEnvelope.decode(payload.data);
  if (lastUpdate === undefined)
    throw new Fault('corrupt', `config block ${after.blockNumber} does not say what changed`);
  const updates = ConfigUpdateEnvelope.decode(Payload.decode(lastUpdate.payload).data);
  const { after: simulated, touched, channel } = simulateUpdate(updates.configUpdate, before.group);
  const what = `config block ${after.blockNumber}`;
  if (channel !== before.channel) throw new Fault('corrupt', `the update in ${what} is for channel ${channel}`);
  if (!sameGroup(simulated, after.group)) {
    throw new Fault('corrupt', `the update in ${what} does not give the configuration that the block states`);
  }
  const signers = validSigners(updates, before);
  for (const guard of new Set(touched.flatMap((element) => element.guard ?? []))) {
    if (!satisfiesPolicy(before.group, guard, signers)) {
      throw new Fault('corrupt', `${what} was not approved: its signatures do not satisfy ${guard}`);
    }
  }
}

/** Whether two trees say the same, versions included; the order of names does not count. */
function sameGroup(a: ConfigGroup, b: ConfigGroup): boolean {
  if (a.version !== b.version || a.modPolicy !== b.modPolicy) return false;
  return (
    sameMap(a.values, b.values, (x, y) => sameHead(x, y) && same(x.value, y.value)) &&
    sameMap(
      a.policies,
      b.policies,
      (x, y) => sameHead(x, y) && x.policy?.type === y.policy?.type && same(x.policy?.value, y.policy?.value),
    ) &&
    sameMap(a.groups, b.groups, sameGroup)
  );
}

type Head = { readonly version: number; readonly modPolicy: string };
const sameHead = (a: Head, b: Head) => a.version === b.version && a.modPolicy === b.modPolicy;
const nothing = new Uint8Array(0);
const same = (a: Uint8Array = nothing, b: Uint8Array = nothing) => Buffer.compare(a, b) === 0;

function sameMap<V>(a: ReadonlyMap<string, V>, b: ReadonlyMap<string, V>, equal: (x: V, y: V) => boolean): boolean {
  return a.size === b.size && [...a].every(([name, x]) => b.has(name) && equal(x, b.get(name) as V));
}
