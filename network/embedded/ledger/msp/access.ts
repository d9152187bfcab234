import type { ChannelConfig } from './channel-config.ts';
import type { Identity } from './identity.ts';

/**
 * Why a caller may not use a resource of a channel, such as `qscc/GetChainInfo`, in Fabric's words; `undefined` where it may.
 * `otherwise` is the path of the policy that guards it while the channel's access rules do not name it.
 */
export function accessRefusal(
  config: ChannelConfig,
  resource: string,
  otherwise: string,
  caller: Identity | undefined,
): string | undefined {
  const named = config.aclOf(resource);
  const path = named ?? otherwise;
  const policy = config.policies.at(path);
  const callers = caller === undefined ? [] : [caller];
  if (policy.satisfiedBy(callers)) return undefined;
  const why = policy.refusal(callers);
  if (named !== undefined) return `failed evaluating policy on signed data during check policy [${path}]: [${why}]`;
  const on = `on channel [${config.channelId}] with policy [${path}]`;
  return `Failed evaluating policy on signed data during check policy ${on}: [${why}]`;
}
