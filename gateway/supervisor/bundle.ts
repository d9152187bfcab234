/** What an organization on its own machine shows to the others, and what it keeps of theirs. */
import { X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { type PublicMember, writeWhole } from '@d-cloud/network/admin';
import { z } from 'zod';
import { channelSettings, type NetworkDescription } from './description.ts';
import { layoutOf } from './layout.ts';

const address = z.string().regex(/^[A-Za-z0-9.-]{1,253}:\d{1,5}$/);
const pem = z
  .string()
  .max(16_384)
  .regex(/^-----BEGIN (CERTIFICATE|X509 CRL)-----\n[\sA-Za-z0-9+/=]+-----END \1-----\n?$/);

const bundleSchema = z.strictObject({
  v: z.literal(1),
  name: z.string(),
  mspId: z.string(),
  foundedAt: z.iso.datetime(),
  channel: z.string(),
  settings: channelSettings,
  /** What its orderers and peers run, such as `2.5`. */
  fabric: z.string().max(16),
  roots: z.strictObject({
    rootCertificate: pem,
    tlsRootCertificate: pem,
    revocationLists: z.array(pem).max(100),
  }),
  peers: z.array(address).min(1).max(16),
  orderers: z.array(z.strictObject({ address, certificate: pem, tlsCertificate: pem })).max(16),
});

/** An organization's public part: roots, endpoints, orderers' certificates, and the channel it agrees to. */
export type Bundle = z.infer<typeof bundleSchema>;

/** Reads a bundle file's text; `file` names it in the error. Refuses one with a private key in it, and certificates that do not belong together. */
export function readBundle(text: string, file: string): Bundle {
  if (text.includes('PRIVATE KEY'))
    throw new Error(
      `${file} holds a private key. Keys never leave their organization: found it anew, and hand out the .public.json file only.`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${file} is not JSON: ask its organization for the .public.json file of dcloud network found.`, {
      cause,
    });
  }
  const parsed = bundleSchema.safeParse(value);
  if (!parsed.success)
    throw new Error(
      `${file} is not what an organization shows to others (${parsed.error.issues.map(({ path }) => path.join('.')).join(', ')}): ask for the .public.json file of dcloud network found, made by the same version of D-Cloud.`,
    );
  const { roots, orderers, name } = parsed.data;
  for (const { address, certificate, tlsCertificate } of orderers) {
    const signed = isIssued(certificate, roots.rootCertificate) && isIssued(tlsCertificate, roots.tlsRootCertificate);
    if (!signed)
      throw new Error(`${file}: the certificates of the orderer ${address} are not of ${name}'s authorities.`);
  }
  return parsed.data;
}

function isIssued(certificate: string, root: string): boolean {
  try {
    const [leaf, authority] = [new X509Certificate(certificate), new X509Certificate(root)];
    return authority.ca && leaf.checkIssued(authority) && leaf.verify(authority.publicKey);
  } catch {
    return false;
  }
}

/** Says in a sentence why a bundle does not belong to this network, or nothing. */
export function misfit(bundle: Bundle, description: NetworkDescription): string | undefined {
  const { name, mspId, channel, settings, fabric } = bundle;
  if (description.organizations.some((one) => one.name === name)) return undefined;
  const other = description.others.find((one) => one.name === name);
  if (other === undefined) return `${name} is no member of the network described here.`;
  if (other.mspId !== mspId)
    return `${name} calls itself ${mspId}, and is described here as ${other.mspId}: use one description file on all machines.`;
  if (channel !== description.channel)
    return `${name} describes the channel ${channel}, here it is ${description.channel}: use one description file on all machines.`;
  const differs = (['consensus', 'batch', 'policies'] as const).find(
    (part) => JSON.stringify(settings[part]) !== JSON.stringify(description.settings[part]),
  );
  if (differs !== undefined)
    return `${name} describes channel.${differs} otherwise than this machine does: use one description file on all machines.`;
  if (settings.consensus === 'bft' && fabric === '2.5')
    return `${name} runs Fabric 2.5, which knows no bft: it needs 3.1.`;
  return undefined;
}

/** Keeps what another organization made public. An own bundle among them is passed over. @throws Error when it does not belong here, or differs from the one the channel was founded with */
export async function acceptBundle(directory: string, bundle: Bundle, description: NetworkDescription): Promise<void> {
  const wrong = misfit(bundle, description);
  if (wrong !== undefined) throw new Error(wrong);
  if (description.organizations.some(({ name }) => name === bundle.name)) return;
  const layout = layoutOf(directory);
  const before = await bundleOf(directory, bundle.name);
  const founded = await readFile(layout.genesisBlock(description.channel)).catch(() => undefined);
  if (before !== undefined && founded !== undefined && JSON.stringify(before) !== JSON.stringify(bundle))
    throw new Error(
      `The channel was founded with another bundle of ${bundle.name}: its changes go through the channel (dcloud channel, dcloud org).`,
    );
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeWhole(layout.othersBundle(bundle.name), `${JSON.stringify(bundle, null, 2)}\n`, 'public');
}

async function bundleOf(directory: string, name: string): Promise<Bundle | undefined> {
  const file = layoutOf(directory).othersBundle(name);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : readBundle(text, file);
}

/** What all other members showed. @throws Error naming those of whom nothing is here */
export async function othersOf(directory: string, { others }: NetworkDescription): Promise<Bundle[]> {
  const known = await Promise.all(others.map(({ name }) => bundleOf(directory, name)));
  const missing = others.filter((_, at) => known[at] === undefined).map(({ name }) => name);
  if (missing.length > 0)
    throw new Error(
      `Nothing is known here of ${missing.join(' and ')}: get ${missing.map((name) => `${name}.public.json`).join(' and ')} from there and give ${missing.length > 1 ? 'them' : 'it'} to dcloud network meet.`,
    );
  return known.filter((bundle) => bundle !== undefined);
}

/** A bundle as `network/admin` makes the genesis block from it. */
export function publicMemberOf({ mspId, roots, peers, orderers }: Bundle): PublicMember {
  return { mspId, roots, anchorPeers: peers, orderers };
}
