/** The file in which a person describes a network: what is wanted, with a default for nearly everything. */
import { isIP } from 'node:net';
import { z } from 'zod';

const say = (error: string) => ({ error });
const units = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;

/** One peer speaks for an organization, a second takes over when it is away; more would only repeat them. */
const mostPeers = 2;

const organizationName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,30}$/, say('start with a letter, then use a-z, 0-9 and -, 31 characters at most'));
const mspId = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9.-]{0,62}$/, say('start with a letter, then use letters, digits, . and -'));
const host = z
  .string()
  .max(253)
  .refine(
    (name) => isIP(name) === 4 || /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(name),
    say('write a DNS name such as alder.example.org, or an IPv4 address, without a port'),
  );
const capacity = z
  .string()
  .regex(/^[1-9]\d{0,14}( ?(KiB|MiB|GiB|TiB))?$/, say('write bytes or a size such as "64 GiB"'));
const size = z.union([z.int().min(1), capacity], say('write bytes or a size such as "64 GiB"'));

const storageNode = z.strictObject({
  disk: z
    .string()
    .min(1, say('name the disk it lies on, such as "disk-1"'))
    .max(64)
    .optional()
    .describe('Name of the disk it lies on, a failure domain: fragments of one version go to different disks'),
  capacity: size.default('64 GiB').describe('How much it offers, in bytes or such as "64 GiB"'),
  pricePerGibMonth: z
    .string()
    .regex(/^(0|[1-9]\d{0,29})$/, say('write a whole amount as a text, such as "12"'))
    .optional()
    .describe('What is asked for a GiB kept for a month, in minor units of account; nothing when left out'),
});
const computeNode = z.strictObject({
  classes: z
    .array(z.enum(['R-1', 'J-1'], say('is no class: take "R-1" or "J-1"')))
    .min(1, say('name at least one class'))
    .default(['R-1', 'J-1'])
    .describe('What it may be asked to run: R-1 whole rows, J-1 jobs of models'),
});

const organization = z.strictObject({
  name: organizationName.describe('Short name, used in directories, programs and commands'),
  mspId: mspId.optional().describe('Id of its Membership Service Provider; "AlderMSP" for alder when left out'),
  host: host
    .default('127.0.0.1')
    .describe('DNS name or address by which the other organizations reach its machine; this machine when left out'),
  listen: z
    .ipv4(say('write an IPv4 address of that machine, or "0.0.0.0" for all of them'))
    .optional()
    .describe('Address its programs listen at for other organizations; loopback, or 0.0.0.0 where `host` is not'),
  firstPort: z
    .int()
    .min(1024, say('take one from 1024 on'))
    .max(65_000, say('take one up to 65000'))
    .optional()
    .describe('Its programs take this port and those after it; free ones are looked for when it is left out'),
  peers: z
    .int(say('write 1 or 2'))
    .min(1, say('an organization needs a peer: write 1 or 2'))
    .max(mostPeers, say('write 1 or 2: a second peer takes over when the first is away, a third adds nothing'))
    .default(1),
  orderers: z.int().min(0).max(4, say('write 0 to 4')).default(1),
  storageNodes: z
    .union(
      [z.int().min(0).max(64), z.array(storageNode).max(64)],
      say('write how many, or a list of {disk, capacity, pricePerGibMonth}'),
    )
    .default(3),
  computeNodes: z
    .union([z.int().min(0).max(64), z.array(computeNode).max(64)], say('write how many, or a list of {classes}'))
    .default(1),
});

const policy = z
  .string()
  .regex(/^(ANY|ALL|MAJORITY) (Admins|Endorsement|Readers|Writers)$/, say('write such as "MAJORITY Admins"'));
const policies = z.strictObject({
  Admins: policy.default('MAJORITY Admins').describe('Who changes the channel'),
  Endorsement: policy.default('MAJORITY Endorsement').describe('Whose peers must agree on a transaction'),
  LifecycleEndorsement: policy.default('MAJORITY Endorsement').describe('Whose peers put a chaincode in force'),
});
const batch = z.strictObject({
  // A small batch timeout: the programs above it submit one transaction after the other.
  timeout: z
    .string()
    .regex(/^\d+(\.\d+)?(ms|s)$/, say('write such as "50ms"'))
    .default('50ms'),
  maxMessageCount: z.int().min(1).max(100_000).default(500),
  absoluteMaxBytes: z
    .int()
    .min(2 ** 20)
    .max(99 * 2 ** 20)
    .default(10 << 20),
  preferredMaxBytes: z
    .int()
    .min(2 ** 10)
    .max(99 * 2 ** 20)
    .default(2 << 20),
});
const channel = z.strictObject({
  name: z
    .string()
    .max(249)
    .regex(/^[a-z][a-z0-9.-]*$/, say('start with a letter, then use a-z, 0-9, . and -'))
    .default('dcloud'),
  consensus: z
    .enum(['raft', 'bft'], say('write "raft" (crashes of a minority) or "bft" (malice of less than a third)'))
    .default('raft'),
  batch: batch.prefault({}),
  policies: policies.prefault({}),
});

const ipfs = z.strictObject({
  mode: z
    .enum(['private', 'public'], say('write "private", or "public" (read docs/guides/public-ipfs.md first)'))
    .default('private')
    .describe(
      'Whether storage nodes serve blocks to their own gateway alone, or to anyone on the public IPFS network; public ones are Kubo nodes, beside an embedded ledger too',
    ),
  bootstrap: z
    .array(
      z.string().regex(/^(auto|\/\S+\/p2p\/\w+)$/, say('write "auto" or a multiaddress that ends in /p2p/<peer id>')),
    )
    .max(32)
    .default(['auto'])
    .describe('Whom public nodes dial first; "auto" for the nodes that the IPFS project runs'),
});

/** What an organization, and a network, is when a person says nothing of it. Three organizations, because two cannot keep the promises. */
export const usualOrganizations = [
  { name: 'alder', storageNodes: 3, computeNodes: 1 },
  { name: 'birch', storageNodes: 2, computeNodes: 0 },
  { name: 'cedar', storageNodes: 2, computeNodes: 1 },
];

export const wantedNetwork = z
  .strictObject({
    $schema: z.string().optional(),
    network: z
      .enum(['embedded', 'real'], say('write "embedded" (our own ledger and stores) or "real" (Fabric and Kubo)'))
      .default('embedded'),
    binaries: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Directory with peer and orderer, from where this file lies; ipfs is looked for there and on PATH. PATH for all when left out',
      ),
    joins: z
      .boolean()
      .default(false)
      .describe('The one organization here joins a channel that runs already, and founds none'),
    channel: channel.prefault({}),
    ipfs: ipfs.prefault({}),
    organizations: z
      .array(organization)
      .min(1, say('describe at least one organization'))
      .max(32)
      .prefault(usualOrganizations),
  })
  .superRefine((network, context) => {
    const refuse = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    const { organizations } = network;
    for (const [at, { name }] of organizations.entries()) {
      const other = organizations.find((one) => one.name !== name && one.name.startsWith(`${name}-`));
      if (other !== undefined)
        refuse(
          ['organizations', at, 'name'],
          `the programs of ${other.name} would be taken for those of ${name}: choose a name that does not begin another one`,
        );
      if (organizations.findIndex((one) => one.name === name) < at)
        refuse(['organizations', at, 'name'], `${name} is described twice: give each organization a name of its own`);
      if (organizations.findIndex((one) => mspIdOf(one) === mspIdOf(organizations[at]!)) < at)
        refuse(['organizations', at, 'mspId'], 'another organization has this MSP id: give each its own');
    }
    const orderers = organizations.reduce((sum, one) => sum + one.orderers, 0);
    if (network.channel.batch.preferredMaxBytes > network.channel.batch.absoluteMaxBytes)
      refuse(['channel', 'batch', 'preferredMaxBytes'], 'is more than absoluteMaxBytes: write less');
    if (network.joins && (network.network !== 'real' || organizations.length > 1))
      refuse(['joins'], 'one organization joins a real network at a time: describe it alone, with "network": "real"');
    if (orderers === 0 && !network.joins)
      refuse(['organizations'], 'nobody orders transactions: give one organization an orderer');
    if (network.channel.consensus === 'bft' && orderers < 4)
      refuse(
        ['channel', 'consensus'],
        `bft needs 4 orderers, here are ${orderers}: give an organization "orderers": 2, or add one, or take "raft"`,
      );
    if (network.network === 'real') return;
    if (network.channel.consensus === 'bft')
      refuse(['channel', 'consensus'], 'an embedded ledger has no consensus: take "raft", or "network": "real"');
    if (network.binaries !== undefined && network.ipfs.mode === 'private')
      refuse(['binaries'], 'an embedded network runs no programs of others: leave it out, or take "network": "real"');
    for (const [at, one] of organizations.entries()) {
      if (one.peers > 1)
        refuse(['organizations', at, 'peers'], 'an embedded ledger has one each: write 1, or take "network": "real"');
      if (one.orderers > 1)
        refuse(['organizations', at, 'orderers'], 'an embedded ledger has one each: write 1, or "network": "real"');
      if (one.host !== '127.0.0.1')
        refuse(['organizations', at, 'host'], 'an embedded network is one machine: leave it out, or "network": "real"');
    }
  });

/** As written in a file: fields with defaults may be left out. */
export type WantedInput = z.input<typeof wantedNetwork>;
export type WantedNetwork = z.output<typeof wantedNetwork>;
export type WantedOrganization = WantedNetwork['organizations'][number];

/** What a channel is when nothing is said of it. */
export const defaultSettings = (({ name: _, ...settings }) => settings)(channel.parse({}));

/**
 * Reads a description file's text. `file` names it in the error, whose lines say where something is wrong and what to write instead.
 */
export function readWanted(text: string, file: string): WantedNetwork {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${file} is not JSON: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  const parsed = wantedNetwork.safeParse(value);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => `${pathText(path)}: ${message}`);
  throw new Error(`${file} describes no network. ${wrong.join('. ')}`);
}

function pathText(path: readonly PropertyKey[]): string {
  const text = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
  return text === '' ? 'it' : text.replace(/^\./, '');
}

/** The JSON Schema of the file, for editors that complete and check as one types. */
export const wantedSchema = () => z.toJSONSchema(wantedNetwork, { io: 'input' });

export function mspIdOf({ name, mspId: given }: Pick<WantedOrganization, 'name' | 'mspId'>): string {
  return (
    given ??
    `${name[0]!.toUpperCase()}${name.slice(1).replaceAll(/-([a-z0-9])/g, (_, letter) => letter.toUpperCase())}MSP`
  );
}

/** Bytes of a size as people write it. */
export function bytesOf(written: number | string): number {
  if (typeof written === 'number') return written;
  const [, count, unit = ''] = /^(\d+) ?([KMGT]iB)?$/.exec(written)!;
  return Number(count) * units[unit as keyof typeof units];
}
