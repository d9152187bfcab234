import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Fault } from '../../ledger/fault.ts';
import { makeWholeDirectory, readIfThere, readNeeded, writeWhole } from '../private-files.ts';
import { type Authority, foundAuthority, openAuthority } from './authority.ts';
import { keyPem } from './key-pair.ts';
import { type MspRoots, readMspRoots, writeMsp } from './msp-directory.ts';

/** One consortium member on disk: its authorities, its identities, its public MSP. Keys never leave `directory`. */
export interface Organization {
  readonly name: string;
  readonly mspId: string;
  readonly directory: string;
}

const Description = z.strictObject({
  version: z.literal(1),
  name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/),
  mspId: z.string().regex(/^[A-Za-z][A-Za-z0-9.-]{0,62}$/),
});

export interface FoundOrganizationRequest {
  /** Where organizations live; this one gets the folder `<directory>/<name>`. */
  readonly directory: string;
  /** Lower case letters, digits and dashes. */
  readonly name: string;
  readonly mspId: string;
  readonly now: Date;
}

/**
 * Makes an organization's two authorities and its public MSP, all or nothing. An organization that is there already is
 * opened and kept; one of the same name with another MSP id is refused.
 */
export async function foundOrganization(request: FoundOrganizationRequest): Promise<Organization> {
  const { name, mspId, now } = request;
  const parsed = Description.safeParse({ version: 1, name, mspId });
  if (!parsed.success) {
    throw new Fault(
      'misconfigured',
      `"${name}" (${mspId}) cannot name an organization: ${z.prettifyError(parsed.error)}`,
    );
  }
  const directory = join(request.directory, name);
  if (!(await isThere(directory))) {
    await makeWholeDirectory(directory, async (unfinished) => {
      const authority = await foundAuthority(`ca.${name}`, mspId, now);
      const tlsAuthority = await foundAuthority(`tlsca.${name}`, mspId, now);
      await writeAuthority(join(unfinished, 'ca'), authority);
      await writeAuthority(join(unfinished, 'tlsca'), tlsAuthority);
      await writeMsp(join(unfinished, 'msp'), {
        rootCertificate: authority.certificate,
        tlsRootCertificate: tlsAuthority.certificate,
        revocationLists: [],
      });
      await writeWhole(join(unfinished, 'organization.json'), `${JSON.stringify(parsed.data)}\n`, 'public');
    });
  }
  const organization = await openOrganization(directory);
  if (organization.mspId !== mspId) {
    throw new Fault(
      'misconfigured',
      `${directory} belongs to ${organization.mspId}, not to ${mspId}: choose another name`,
    );
  }
  return organization;
}

/** An organization as written before; a half-made directory is refused with what is missing in it. */
export async function openOrganization(directory: string): Promise<Organization> {
  const path = join(directory, 'organization.json');
  const text = await readIfThere(path);
  if (text === undefined) {
    throw new Fault(
      'misconfigured',
      `${directory} is not a complete organization (no organization.json): move it away`,
    );
  }
  let description: unknown;
  try {
    description = JSON.parse(text);
  } catch (cause) {
    throw new Fault('misconfigured', `${path} is not JSON`, { cause });
  }
  const parsed = Description.safeParse(description);
  if (!parsed.success) throw new Fault('misconfigured', `${path}: ${z.prettifyError(parsed.error)}`);
  const organization = { name: parsed.data.name, mspId: parsed.data.mspId, directory };
  const roots = await mspRoots(organization);
  const needed: [Authority, string][] = [
    [await signingAuthority(organization), roots.rootCertificate],
    [await tlsAuthority(organization), roots.tlsRootCertificate],
  ];
  for (const [authority, published] of needed) {
    if (authority.certificate !== published) {
      throw new Fault('misconfigured', `${directory}/msp shows another authority than the one in ${directory}`);
    }
  }
  return organization;
}

/** The organizations under a folder, by name. */
export async function listOrganizations(directory: string): Promise<Organization[]> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => !name.startsWith('.')).sort();
  return Promise.all(names.map((name) => openOrganization(join(directory, name))));
}

export function signingAuthority(organization: Organization): Promise<Authority> {
  return authorityIn(join(organization.directory, 'ca'));
}

export function tlsAuthority(organization: Organization): Promise<Authority> {
  return authorityIn(join(organization.directory, 'tlsca'));
}

/** What other organizations need of this one; goes into the channel configuration. */
export function mspRoots(organization: Organization): Promise<MspRoots> {
  return readMspRoots(join(organization.directory, 'msp'));
}

async function writeAuthority(directory: string, authority: Authority): Promise<void> {
  await writeWhole(join(directory, 'cert.pem'), authority.certificate, 'public');
  await writeWhole(join(directory, 'key.pem'), keyPem(authority.key), 'secret');
}

/** The authority whose certificate and key lie in a folder. */
export async function authorityIn(directory: string): Promise<Authority> {
  const certificate = await readNeeded(join(directory, 'cert.pem'), "the authority's certificate");
  const key = await readNeeded(join(directory, 'key.pem'), "the authority's key");
  return openAuthority(certificate, key, directory);
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
