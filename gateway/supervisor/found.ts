import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { idFrom } from '@d-cloud/chaincode/domain';
import { type Consortium, type EnrolRequest, foundConsortium, roleAttribute, writeWhole } from '@d-cloud/network/admin';
import { keyedHash, openApiKeyStore, type Role, roleScopes } from '../auth/index.ts';
import type { Credentials } from '../cli/credentials.ts';
import { credentialsFile } from '../cli/credentials.ts';
import {
  defaultShape,
  describeNetwork,
  type NetworkDescription,
  type NetworkKind,
  parseDescription,
  portsNeeded,
} from './description.ts';
import { layoutOf } from './layout.ts';
import { freePorts } from './ports.ts';

/**
 * The first port that is tried for a new network; the others follow it. Each directory has a place of its own below the ports that
 * systems give to connections (32768 on Linux): networks founded at the same moment would find the same ports free.
 */
export function preferredPort(directory: string): number {
  return 7410 + 32 * (createHash('sha256').update(directory).digest().readUInt16BE() % 512);
}

export type FoundNetwork = { readonly description: NetworkDescription; readonly consortium: Consortium };

/** Makes what a network needs before its programs start, or opens what is there: description, organizations, certificates, genesis block. */
export async function foundNetwork(directory: string, now: Date): Promise<FoundNetwork> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const description = await descriptionOf(directory);
  const consortium = await foundConsortium({
    directory,
    channel: description.channel,
    now,
    // A small batch timeout: the programs above it submit one transaction after the other.
    batch: { timeout: '50ms', maxMessageCount: 500, absoluteMaxBytes: 10 << 20, preferredMaxBytes: 2 << 20 },
    organizations: description.organizations.map(({ name, mspId, computeNodes, ports, fabricPorts }) => ({
      name,
      mspId,
      ...(fabricPorts && {
        ordererEndpoint: `127.0.0.1:${fabricPorts.orderer}`,
        anchorPeers: [`127.0.0.1:${ports.ledger}`],
      }),
      identities: [
        { name: 'peer', role: 'peer' },
        { name: 'orderer', role: 'orderer' },
        { name: 'chaincode', role: 'client' },
        withRole('gateway'),
        ...(Object.keys(roleScopes) as Role[]).map(withRole),
        ...computeNodes.map(({ id }) => ({ ...withRole('compute-node'), name: id })),
      ],
    })),
  });
  return { description, consortium };
}

function withRole(role: string): EnrolRequest {
  return { name: role, role: role === 'admin' ? 'admin' : 'client', attributes: { [roleAttribute]: role } };
}

/** The description that `network.json` keeps; in an empty directory a new one on free ports, from the preferred one upwards, is written. */
export async function descriptionOf(
  directory: string,
  preferred = preferredPort(directory),
  kind?: NetworkKind,
): Promise<NetworkDescription> {
  const file = layoutOf(directory).description;
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text !== undefined) {
    const described = parseDescription(text);
    if (described) return asAsked(described, directory, kind);
    throw new Error(
      `${file} is not a network description this version can read. Move ${directory} away and start again.`,
    );
  }
  const ports = await freePorts(portsNeeded(defaultShape, kind), preferred);
  const description = describeNetwork(defaultShape, ports, (of) => idFrom(of, randomBytes(16)), kind);
  await writePrivate(file, JSON.stringify(description, null, 2));
  return description;
}

/** A network stays what it was founded as: its blocks and data are of that kind. */
function asAsked(description: NetworkDescription, directory: string, kind?: NetworkKind): NetworkDescription {
  const is = description.ledger.kind === 'fabric' ? 'real' : 'embedded';
  if (kind === undefined || kind.kind === is) return description;
  throw new Error(`The network in ${directory} is ${is} and stays so: choose another --directory for the other kind.`);
}

/** Issues one API key per organization and role, once, and writes them with the addresses for the person who started the network. */
export async function issueCredentials(
  directory: string,
  { description, consortium }: FoundNetwork,
): Promise<Credentials> {
  const known = await readFile(credentialsFile(directory), 'utf8').catch(() => undefined);
  if (known !== undefined) return JSON.parse(known) as Credentials;
  const organizations: Credentials['organizations'] = {};
  for (const { name, mspId, ports } of description.organizations) {
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
      peer: `https://127.0.0.1:${ports.peerListener}`,
      keys,
    };
  }
  const credentials = { channel: description.channel, genesis: consortium.genesisHash, organizations };
  await writePrivate(credentialsFile(directory), `${JSON.stringify(credentials, null, 2)}\n`);
  return credentials;
}

/** Writes a file that only its owner may read: whole or not at all, and on disk when this returns. */
export const writePrivate = (file: string, content: string | Uint8Array) => writeWhole(file, content, 'secret');
