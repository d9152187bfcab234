import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { RestClient } from './rest.ts';

const schema = z.strictObject({
  channel: z.string(),
  /** SHA-256 of the genesis block's header, hex: what an evidence verifier pins. */
  genesis: z.string(),
  organizations: z.record(
    z.string(),
    z.strictObject({ mspId: z.string(), rest: z.string(), peer: z.string(), keys: z.record(z.string(), z.string()) }),
  ),
});

/** Addresses and API keys of a network on this machine, as `dcloud up` wrote them for the person who started it. */
export type Credentials = z.infer<typeof schema>;

export const credentialsFile = (directory: string) => join(directory, 'credentials.json');

export async function readCredentials(directory: string): Promise<Credentials> {
  const text = await readFile(credentialsFile(directory), 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') throw new Error(`There is no network in ${directory}. Start one with: dcloud up`);
    throw cause;
  });
  return schema.parse(JSON.parse(text));
}

/** A client of one organization's gateway in one role. */
export function signIn(credentials: Credentials, organization: string, role: string): RestClient {
  const known = credentials.organizations[organization];
  if (!known)
    throw new Error(
      `No organization "${organization}" here: one of ${Object.keys(credentials.organizations).join(', ')}`,
    );
  const key = known.keys[role];
  if (!key)
    throw new Error(`No key for the role "${role}" of ${organization}: one of ${Object.keys(known.keys).join(', ')}`);
  return new RestClient(known.rest, key);
}
