import { LIFECYCLE } from '../engine/definitions.ts';
import {
  type AgreedChaincode,
  approvalName,
  type ChaincodeParameters,
  definitionStructure,
  metadataKey,
  packageStructure,
  parametersStructure,
  readAgreed,
  readPackageId,
  readParameters,
  readSequence,
} from '../engine/lifecycle-state.ts';
import type { Simulation } from '../engine/simulation.ts';
import { accessRefusal } from '../msp/access.ts';
import type { ChannelConfig } from '../msp/channel-config.ts';
import type { Identity } from '../msp/identity.ts';
import {
  ApplicationPolicy,
  ApprovedDefinition,
  CommittedDefinition,
  CommittedDefinitions,
  DefinitionArgs,
  NameArgs,
  Readiness,
} from '../wire/lifecycle.ts';
import type { Response } from '../wire/proposal.ts';
import { checkDefinition } from './definition-input.ts';
import { notLocalAdmin } from './local-functions.ts';
import { accessDenied, answered, argumentsOf, decoded, NotFound } from './refusals.ts';
import { hasWritten, type LifecycleState, ownState, publicState, write } from './state.ts';

/** One invocation of `_lifecycle` on a channel, by one organization's peer. */
export interface Invocation {
  readonly channel: ChannelConfig;
  /** The organization whose peer it is. */
  readonly mspId: string;
  readonly simulation: Simulation;
}

const WRITERS = '/Channel/Application/Writers';
const ENDORSEMENT = '/Channel/Application/Endorsement';

const functions: Readonly<
  Record<string, { readonly admins?: true; readonly run: (invocation: Invocation, argument: Buffer) => Buffer }>
> = {
  ApproveChaincodeDefinitionForMyOrg: { admins: true, run: approve },
  QueryApprovedChaincodeDefinition: { admins: true, run: queryApproved },
  CheckCommitReadiness: { run: checkReadiness },
  CommitChaincodeDefinition: { run: commit },
  QueryChaincodeDefinition: { run: queryCommitted },
  QueryChaincodeDefinitions: { run: listCommitted },
};

/** `_lifecycle`'s functions that concern a channel: approvals and agreements; what they read and write is to be endorsed. */
export function channelLifecycle(
  invocation: Invocation,
  args: readonly Buffer[],
  creator: Identity,
): Promise<Response> {
  return answered(args[0]?.toString() ?? '', () => {
    const { name, argument } = argumentsOf(args);
    const found = Object.hasOwn(functions, name) ? functions[name] : undefined;
    if (found === undefined) throw accessDenied(`Unmapped policy for _lifecycle/${name}`);
    const denied = found.admins
      ? notLocalAdmin(invocation.mspId, creator)
      : accessRefusal(invocation.channel, `_lifecycle/${name}`, WRITERS, creator);
    if (denied !== undefined) throw accessDenied(denied);
    return found.run(invocation, argument);
  });
}

/** What the arguments agree to, with the channel's defaults where they say nothing. */
function parametersOf(args: DefinitionArgs, channel: ChannelConfig): ChaincodeParameters {
  const { version, initRequired, collections } = args;
  let { validationParameter } = args;
  if (validationParameter.length === 0) {
    if (channel.policies.find(ENDORSEMENT) === undefined) {
      const why = `policy '${ENDORSEMENT}' must be defined for channel '${channel.channelId}' before chaincode operations can be attempted`;
      throw new Error(`could not set defaults for chaincode definition in channel ${channel.channelId}: ${why}`);
    }
    validationParameter = ApplicationPolicy.encode({ channelConfigPolicyReference: ENDORSEMENT });
  }
  return {
    version,
    initRequired,
    endorsementPlugin: args.endorsementPlugin || 'escc',
    validationPlugin: args.validationPlugin || 'vscc',
    validationParameter,
    collections,
  };
}

/** Refuses a definition that cannot be one, with the collections in force in mind. */
function checkInput(args: DefinitionArgs, { channel }: Invocation, state: LifecycleState): void {
  try {
    checkDefinition(args, channel, readAgreed(state.get, args.name)?.collections);
  } catch (cause) {
    throw new Error(`error validating chaincode definition: ${(cause as Error).message}`, { cause });
  }
}

function approve(invocation: Invocation, argument: Buffer): Buffer {
  const args = decoded('ApproveChaincodeDefinitionForMyOrg', DefinitionArgs, argument);
  const state = publicState(invocation.simulation);
  checkInput(args, invocation, state);
  const { name, sequence: requested } = args;
  const current = readSequence(state.get, name);
  if (requested === 0 && current === 0)
    throw new Error('requested sequence is 0, but first definable sequence number is 1');
  if (requested < current)
    throw new Error(`currently defined sequence ${current} is larger than requested sequence ${requested}`);
  if (requested > current + 1) {
    throw new Error(`requested sequence ${requested} is larger than the next available sequence number ${current + 1}`);
  }
  const parameters = parametersOf(args, invocation.channel);
  if (requested === current) {
    const difference = differenceOf(readParameters(state.get, name), parameters);
    if (difference !== undefined) {
      throw new Error(
        `attempted to redefine the current committed sequence (${current}) for namespace ${name} with different parameters: ${difference}`,
      );
    }
  }
  const own = ownState(invocation.simulation, invocation.mspId);
  const privateName = approvalName(name, requested);
  const packageId = args.source?.local?.packageId ?? '';
  if (requested === current + 1 && own.get(metadataKey('namespaces', privateName)) !== undefined) {
    const same = differenceOf(readParameters(own.get, privateName), parameters) === undefined;
    if (same && readPackageId(own.get, name, requested) === packageId) {
      throw new Error(
        `attempted to redefine uncommitted sequence (${requested}) for namespace ${name} with unchanged content`,
      );
    }
  }
  write(own, 'namespaces', privateName, parametersStructure(parameters));
  write(own, 'chaincode-sources', privateName, packageStructure(packageId));
  return Buffer.alloc(0);
}

function differenceOf(before: ChaincodeParameters, passed: ChaincodeParameters): string | undefined {
  const named = [
    ['Version', before.version, passed.version],
    ['EndorsementPlugin', before.endorsementPlugin, passed.endorsementPlugin],
    ['InitRequired', String(before.initRequired), String(passed.initRequired)],
    ['ValidationPlugin', before.validationPlugin, passed.validationPlugin],
    ['ValidationParameter', before.validationParameter.toString('hex'), passed.validationParameter.toString('hex')],
  ] as const;
  const other = named.find(([, a, b]) => a !== b);
  if (other !== undefined) return `expected ${other[0]} '${other[1]}' does not match passed ${other[0]} '${other[2]}'`;
  return before.collections.equals(passed.collections) ? undefined : 'Collections do not match';
}

function queryApproved({ simulation, mspId, channel }: Invocation, argument: Buffer): Buffer {
  const { name, sequence } = decoded('QueryApprovedChaincodeDefinition', NameArgs, argument);
  const own = ownState(simulation, mspId);
  const isApproved = (one: number): boolean =>
    own.get(metadataKey('namespaces', approvalName(name, one))) !== undefined;
  let requested = sequence;
  if (requested === 0) {
    const current = readSequence(publicState(simulation).get, name);
    requested = isApproved(current + 1) ? current + 1 : current;
  }
  const packageId = isApproved(requested) ? readPackageId(own.get, name, requested) : undefined;
  if (packageId === undefined) {
    throw new Error(
      `could not fetch approved chaincode definition (name: '${name}', sequence: '${sequence}') on channel '${channel.channelId}'`,
    );
  }
  const source = packageId === '' ? { unavailable: {} } : { local: { packageId } };
  return ApprovedDefinition.encode({
    sequence: requested,
    ...readParameters(own.get, approvalName(name, requested)),
    source,
  });
}

/** Which members have approved exactly this, by MSP id. */
function approvalsOf(
  { simulation, channel }: Invocation,
  { name, sequence }: { readonly name: string; readonly sequence: number },
  parameters: ChaincodeParameters,
): Record<string, boolean> {
  const structure = parametersStructure(parameters);
  const approval = approvalName(name, sequence);
  return Object.fromEntries(
    channel.members.map((mspId) => [mspId, hasWritten(simulation, mspId, approval, structure)]),
  );
}

function readinessOf(invocation: Invocation, args: DefinitionArgs) {
  const next = readSequence(publicState(invocation.simulation).get, args.name) + 1;
  if (args.sequence !== next) {
    throw new Error(`requested sequence is ${args.sequence}, but new definition must be sequence ${next}`);
  }
  const parameters = parametersOf(args, invocation.channel);
  return { parameters, approvals: approvalsOf(invocation, args, parameters) };
}

function checkReadiness(invocation: Invocation, argument: Buffer): Buffer {
  const args = decoded('CheckCommitReadiness', DefinitionArgs, argument);
  return Readiness.encode({ approvals: readinessOf(invocation, args).approvals });
}

function commit(invocation: Invocation, argument: Buffer): Buffer {
  const args = decoded('CommitChaincodeDefinition', DefinitionArgs, argument);
  const state = publicState(invocation.simulation);
  checkInput(args, invocation, state);
  const { parameters, approvals } = readinessOf(invocation, args);
  const { name, sequence } = args;
  write(state, 'namespaces', name, definitionStructure({ name, sequence, ...parameters }));
  if (approvals[invocation.mspId] === true) return Buffer.alloc(0);
  throw new Error(`chaincode definition not agreed to by this org (${invocation.mspId})`);
}

function queryCommitted(invocation: Invocation, argument: Buffer): Buffer {
  const { name } = decoded('QueryChaincodeDefinition', NameArgs, argument);
  const agreed = readAgreed(publicState(invocation.simulation).get, name);
  if (agreed === undefined) throw new NotFound(`namespace ${name} is not defined`);
  return CommittedDefinition.encode({ ...agreed, approvals: approvalsOf(invocation, agreed, agreed) });
}

function listCommitted({ simulation }: Invocation, _argument: Buffer): Buffer {
  const prefix = 'namespaces/metadata/';
  const rows = simulation.range(LIFECYCLE, prefix, 'namespaces/metadata0');
  const definitions: AgreedChaincode[] = [];
  const { get } = publicState(simulation);
  for (let row = rows(); row !== undefined; row = rows()) {
    const agreed = readAgreed(get, row.key.slice(prefix.length));
    if (agreed !== undefined) definitions.push(agreed);
  }
  return CommittedDefinitions.encode({ definitions });
}
