import type { ConfigEdit } from '@d-cloud/network/admin';
import type { Network, OrganizationName } from '../../support/network.ts';

// biome-ignore lint/suspicious/noExplicitAny: stories look at answers as they come
export type Loose = any;

export type Stage = () => Network;

/** Calls an operation of administration as an organization's admin. */
export function admin(network: Network, organization: OrganizationName) {
  const rest = network.as(organization, 'admin');
  return {
    get: (path: string) => rest.call<Loose>('GET', `/admin${path}`),
    post: (path: string, body?: unknown) =>
      rest.call<Loose>('POST', `/admin${path}`, body === undefined ? {} : { body }),
    propose: (edit: ConfigEdit, summary = 'a change for a test') =>
      rest.call<Loose>('POST', `/admin/channels/${network.credentials.channel}/changes`, { body: { edit, summary } }),
  };
}

/** Lets organizations sign a change, each at its own gateway, and the first of them submit it. */
export async function carry(network: Network, id: string, signers: readonly OrganizationName[]): Promise<Loose> {
  for (const organization of signers) await admin(network, organization).post(`/changes/${id}/sign`);
  return admin(network, signers[0]!).post(`/changes/${id}/submit`);
}

/** The configuration in force as an organization's own peer has it. */
export async function configOf(network: Network, organization: OrganizationName): Promise<Loose> {
  const { configuration } = await admin(network, organization).get(`/channels/${network.credentials.channel}`);
  return configuration;
}
