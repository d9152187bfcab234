import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import {
  type Consortium,
  type ConsortiumMember,
  foundConsortium,
  foundMember,
  publicMember,
  readChannelConfig,
  writeWhole,
} from '@d-cloud/network/admin';
import { firstBlock } from '@d-cloud/network/processes/fabric';
import { keyedHash, openApiKeyStore, type Role, roleScopes } from '../auth/index.ts';
import type { Credentials } from '../cli/credentials.ts';
import { credentialsFile } from '../cli/credentials.ts';
import { type Bundle, othersOf, publicMemberOf, readBundle } from './bundle.ts';
import { descriptionOf } from './described.ts';
import type { NetworkDescription } from './description.ts';
import { memberRequest } from './identities.ts';
import { layoutOf } from './layout.ts';

const firstBlockWithinMs = 30_000;

export type FoundNetwork = {
  readonly description: NetworkDescription;
  readonly consortium: Consortium;
  /** What organizations on other machines showed. */
  readonly others: readonly Bundle[];
};

/**
 * Makes what a network needs before its programs start, or opens what is there: description, organizations, certificates,
 * genesis block. With members on other machines every machine makes the same genesis block from what all of them showed.
 * @throws Error where something of another organization is missing, or `genesis` (hex) is not the block's hash
 */
export async function foundNetwork(directory: string, now: Date, genesis?: string): Promise<FoundNetwork> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const description = await descriptionOf(directory);
  const { channel, settings, organizations, joins = false } = description;
  if (joins) await fetchFirstBlock(directory, description, now);
  const others = await othersOf(directory, description);
  const own = await Promise.all(others.length === 0 ? [] : organizations.map((one) => ownBundle(directory, one.name)));
  const dates = [...own, ...others].map(({ foundedAt }) => Date.parse(foundedAt));
  const consortium = await foundConsortium({
    directory,
    channel,
    now,
    ...settings,
    joining: joins,
    organizations: organizations.map(memberRequest),
    ...(others.length > 0 && {
      others: others.map(publicMemberOf),
      foundedAt: new Date(Math.max(...dates)),
    }),
    ...(genesis !== undefined && { genesisHash: genesis }),
  });
  return { description, consortium, others };
}

/** Founds the one organization of this machine and writes what it shows to the others; what is there is kept. Answers the file's path. */
export async function foundAlone(
  directory: string,
  description: NetworkDescription,
  { now, fabric }: { readonly now: Date; readonly fabric: string },
): Promise<string> {
  const { channel, settings, organizations } = description;
  const [organization] = organizations;
  if (organization === undefined || organizations.length > 1)
    throw new Error('An organization is founded alone on its own machine: name it with --organization.');
  const request = memberRequest(organization);
  const member: ConsortiumMember = await foundMember(directory, request, now);
  const file = layoutOf(directory).bundle(organization.name);
  const before = await readFile(file, 'utf8').catch(() => undefined);
  if (before !== undefined) return file;
  const { mspId, roots, anchorPeers, orderers } = await publicMember(member, request);
  const bundle: Bundle = {
    v: 1,
    name: organization.name,
    mspId,
    foundedAt: now.toISOString(),
    channel,
    settings,
    fabric,
    roots: { ...roots, revocationLists: [...roots.revocationLists] },
    peers: [...anchorPeers],
    orderers: [...orderers],
  };
  await writeWhole(file, `${JSON.stringify(bundle, null, 2)}\n`, 'public');
  return file;
}

/** Gets the first block of the channel that the organization here was taken into, once. */
async function fetchFirstBlock(directory: string, { channel, organizations }: NetworkDescription, now: Date) {
  const layout = layoutOf(directory);
  const [organization] = organizations;
  if (organization === undefined || existsSync(layout.genesisBlock(channel))) return;
  const configBlock = await configBlockIn(directory, channel);
  const { identities } = await foundMember(directory, memberRequest(organization), now);
  const door = { configBlock, mspId: organization.mspId, admin: identities.get('admin')! };
  const block = await firstBlock(door, AbortSignal.timeout(firstBlockWithinMs));
  await writeWhole(layout.genesisBlock(channel), block, 'public');
}

/** The config block that a member gave, of the channel that is joined. */
export async function configBlockIn(directory: string, channel: string): Promise<Uint8Array> {
  const file = layoutOf(directory).configBlock(channel);
  return await readFile(file).catch((cause: unknown) => {
    throw new Error(
      `${file} is not there: get the channel's configuration from a member and give it to dcloud org join.`,
      { cause },
    );
  });
}

/** Keeps the config block with which the organization of this directory joins. @throws Error where it is none, or of another channel */
export async function acceptConfigBlock(
  directory: string,
  bytes: Uint8Array,
): Promise<{ readonly channel: string; readonly sequence: number }> {
  const { channel, sequence } = readChannelConfig(bytes);
  const description = await descriptionOf(directory);
  if (description.joins !== true)
    throw new Error(`The network in ${directory} joins no channel: describe the organization with "joins": true.`);
  if (channel !== description.channel)
    throw new Error(`That is a configuration of ${channel}; the description here says ${description.channel}.`);
  await writeWhole(layoutOf(directory).configBlock(channel), bytes, 'public');
  return { channel, sequence };
}

async function ownBundle(directory: string, name: string): Promise<Bundle> {
  const file = layoutOf(directory).bundle(name);
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`${name} has not shown itself to the others yet: dcloud network found writes ${file}.`, { cause });
  });
  return readBundle(text, file);
}

/** Issues one API key per organization and role, once, and writes them with the addresses for the person who started the network. */
export async function issueCredentials(
  directory: string,
  { description, consortium }: FoundNetwork,
): Promise<Credentials> {
  const known = await readFile(credentialsFile(directory), 'utf8').catch(() => undefined);
  if (known !== undefined) return JSON.parse(known) as Credentials;
  const organizations: Credentials['organizations'] = {};
  for (const { name, mspId, host, ports } of description.organizations) {
    const home = layoutOf(directory).ofOrganization(name);
    using store = openApiKeyStore(home.apiKeys, {
      keyedHash: keyedHash(await readFile(home.organizationSecret)),
      random: randomBytes,
      clock: { now: () => new Date() },
    });
    const keys: Record<string, string> = {};
    for (const role of Object.keys(roleScopes) as Role[]) {
      // A start that was killed between issuing and writing leaves keys that nobody knows.
      for (const entry of store.list()) if (entry.name === `local ${role}` && !entry.revokedAt) store.revoke(entry.id);
      keys[role] = store.issue({ name: `local ${role}`, role }).secretKey;
    }
    organizations[name] = {
      mspId,
      rest: `http://127.0.0.1:${ports.rest}`,
      peer: `https://${host}:${ports.peerListener}`,
      keys,
    };
  }
  const credentials = { channel: description.channel, genesis: consortium.genesisHash, organizations };
  await writePrivate(credentialsFile(directory), `${JSON.stringify(credentials, null, 2)}\n`);
  return credentials;
}

/** Writes a file that only its owner may read: whole or not at all, and on disk when this returns. */
export const writePrivate = (file: string, content: string | Uint8Array) => writeWhole(file, content, 'secret');
