import type { ConfigGroup } from '../wire/config.ts';
import {
  ImplicitMetaPolicy,
  ImplicitRule,
  PolicyType,
  SignaturePolicyEnvelope,
  type Policy as WirePolicy,
} from '../wire/policy.ts';
import { type Policy, signaturePolicy } from './policy.ts';

/** What a name that no policy bears stands for: nobody. */
const missing = (name: string): Policy => ({ satisfiedBy: () => false, refusal: () => `policy ${name} not found` });

/** The policies of a channel's configuration by path, such as `/Channel/Application/Endorsement`. */
export class ChannelPolicies {
  readonly #byPath = new Map<string, Policy>();

  constructor(channelGroup: ConfigGroup) {
    this.#add('/Channel', channelGroup);
  }

  find(path: string): Policy | undefined {
    return this.#byPath.get(path);
  }

  at(path: string): Policy {
    return this.#byPath.get(path) ?? missing(path);
  }

  #add(path: string, group: ConfigGroup): void {
    const children = Object.keys(group.groups ?? {}).map((name) => `${path}/${name}`);
    for (const [name, child] of Object.entries(group.groups ?? {})) this.#add(`${path}/${name}`, child);
    for (const [name, { policy }] of Object.entries(group.policies ?? {})) {
      if (policy !== undefined) this.#byPath.set(`${path}/${name}`, this.#policy(policy, children));
    }
  }

  #policy({ type, value }: WirePolicy, children: readonly string[]): Policy {
    if (type === PolicyType.SIGNATURE) return signaturePolicy(SignaturePolicyEnvelope.decode(value));
    if (type === PolicyType.IMPLICIT_META) {
      const { subPolicy, rule } = ImplicitMetaPolicy.decode(value);
      return implicit(
        subPolicy,
        rule,
        children.map((child) => this.#byPath.get(`${child}/${subPolicy}`)),
      );
    }
    throw new Error(`Policy of unknown type ${type} in the channel's configuration`);
  }
}

/** Counts the sub-groups whose own policy holds; a sub-group without that policy refuses but is counted. */
function implicit(name: string, rule: number, children: readonly (Policy | undefined)[]): Policy {
  const needed = threshold(rule, children.length);
  const count = (signers: Parameters<Policy['satisfiedBy']>[0]) =>
    children.filter((child) => child?.satisfiedBy(signers)).length;
  return {
    satisfiedBy: (signers) => count(signers) >= needed,
    refusal: (signers) =>
      `implicit policy evaluation failed - ${count(signers)} sub-policies were satisfied, but this policy requires ${needed} of the '${name}' sub-policies to be satisfied`,
  };
}

function threshold(rule: number, children: number): number {
  if (children === 0) return 0;
  if (rule === ImplicitRule.ANY) return 1;
  return rule === ImplicitRule.ALL ? children : Math.floor(children / 2) + 1;
}
