import { type EnrolRequest, type MemberRequest, nodeName, roleAttribute } from '@d-cloud/network/admin';
import { type Role, roleScopes } from '../auth/index.ts';
import type { OrganizationDescription } from './description.ts';

/** Every certificate that an organization's programs and roles need. */
export function identitiesOf({ peers, orderers, computeNodes }: OrganizationDescription): EnrolRequest[] {
  return [
    ...peers.map((_, at): EnrolRequest => ({ name: nodeName('peer', at), role: 'peer' })),
    // The embedded ledger's blocks are signed by one orderer, which has no port of its own.
    ...Array.from({ length: Math.max(1, orderers.length) }, (_, at): EnrolRequest => {
      return { name: nodeName('orderer', at), role: 'orderer' };
    }),
    { name: 'chaincode', role: 'client' },
    withRole('gateway'),
    ...(Object.keys(roleScopes) as Role[]).map(withRole),
    ...computeNodes.map(({ id }) => ({ ...withRole('compute-node'), name: id })),
  ];
}

function withRole(role: string): EnrolRequest {
  return { name: role, role: role === 'admin' ? 'admin' : 'client', attributes: { [roleAttribute]: role } };
}

/** An organization as `network/admin` founds it. */
export function memberRequest(organization: OrganizationDescription): MemberRequest {
  const { name, mspId, host, listen, peers, orderers } = organization;
  const named = [...new Set([host, ...(listen === '0.0.0.0' ? [] : [listen]), 'localhost', '127.0.0.1', '::1'])];
  return {
    name,
    mspId,
    ordererEndpoints: orderers.map(({ port }) => `${host}:${port}`),
    anchorPeers: peers.map(({ port }) => `${host}:${port}`),
    hosts: named,
    identities: identitiesOf(organization),
  };
}
