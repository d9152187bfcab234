import type { ChannelConfig } from '../msp/channel-config.ts';
import { BatchSize, BatchTimeout, Capabilities, type ConfigGroup } from '../wire/config.ts';

const supported = {
  Channel: new Set(['V1_1', 'V1_3', 'V1_4_2', 'V1_4_3', 'V2_0']),
  Orderer: new Set(['V1_1', 'V1_4_2', 'V2_0']),
  Application: new Set(['V1_1', 'V1_2', 'V1_3', 'V1_4_2', 'V2_0', 'V2_5']),
} as const;

/**
 * Refuses a configuration that orderers would refuse for what it says, whoever agreed to it; throws Fabric's words. One thing
 * is refused that Fabric lets through: application capabilities that no peer knows, upon which every real peer ends for good.
 */
export function checkSound(current: ChannelConfig, next: ChannelConfig): void {
  checkSections(next.group);
  checkOrderer(next.group.groups?.Orderer);
  for (const section of ['Orderer', 'Channel', 'Application'] as const) {
    const group = section === 'Channel' ? next.group : next.group.groups?.[section];
    const unknown = [...capabilitiesOf(group)].find((name) => !(supported[section] as ReadonlySet<string>).has(name));
    if (unknown === undefined) continue;
    const why = `${section} capability ${unknown} is required but not supported`;
    throw new Error(
      `config update is not compatible: config requires unsupported ${section.toLowerCase()} capabilities: ${why}: ${why}`,
    );
  }
  for (const section of ['Orderer', 'Application'] as const) {
    for (const [name, mspId] of current.mspIds[section]) {
      const after = next.mspIds[section].get(name);
      if (after === undefined || after === mspId) continue;
      throw new Error(`${section.toLowerCase()} org ${name} attempted to change MSP ID from ${mspId} to ${after}`);
    }
  }
}

function capabilitiesOf(group: ConfigGroup | undefined): Iterable<string> {
  const value = group?.values?.Capabilities?.value;
  return value === undefined ? [] : Object.keys(Capabilities.decode(value).capabilities ?? {});
}

function checkSections({ groups, values }: ConfigGroup): void {
  const orderer = groups?.Orderer;
  if (orderer === undefined) throw new Error('config update is not compatible: config does not contain orderer config');
  if (orderer.values?.Capabilities !== undefined) return;
  if (values?.Capabilities !== undefined)
    throw new Error('cannot enable channel capabilities without orderer support first');
  if (groups?.Application?.values?.Capabilities !== undefined)
    throw new Error('cannot enable application capabilities without orderer support first');
}

function checkOrderer(orderer: ConfigGroup | undefined): void {
  const why = flawOfBatches(orderer);
  if (why === undefined) return;
  throw new Error(`initializing channelconfig failed: could not create channel Orderer sub-group config: ${why}`);
}

function flawOfBatches(orderer: ConfigGroup | undefined): string | undefined {
  const size = BatchSize.decode(orderer?.values?.BatchSize?.value ?? Buffer.alloc(0));
  const limits = [
    ['max message count', size.maxMessageCount],
    ['absolute max bytes', size.absoluteMaxBytes],
    ['preferred max bytes', size.preferredMaxBytes],
  ] as const;
  const zero = limits.find(([, limit]) => limit === 0);
  if (zero !== undefined) return `Attempted to set the batch size ${zero[0]} to an invalid value: 0`;
  const { preferredMaxBytes, absoluteMaxBytes } = size;
  if (preferredMaxBytes > absoluteMaxBytes) {
    return `Attempted to set the batch size preferred max bytes (${preferredMaxBytes}) greater than the absolute max bytes (${absoluteMaxBytes}).`;
  }
  const { timeout } = BatchTimeout.decode(orderer?.values?.BatchTimeout?.value ?? Buffer.alloc(0));
  return flawOfDuration(timeout);
}

/** Go's durations: numbers with units, such as `1m0.5s`. */
function flawOfDuration(text: string): string | undefined {
  const quoted = JSON.stringify(text);
  if (!/^[+-]?(0|((\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h))+)$/.test(text)) {
    const missing = /^[+-]?\d+(\.\d*)?$/.test(text);
    const why = missing ? `time: missing unit in duration ${quoted}` : `time: invalid duration ${quoted}`;
    return `Attempted to set the batch timeout to a invalid value: ${why}`;
  }
  if (!text.startsWith('-') && /[1-9]/.test(text)) return undefined;
  return `Attempted to set the batch timeout to a non-positive value: ${text.replace(/^[+-]?0$/, '0s')}`;
}
