import { X509Certificate } from 'node:crypto';
import { Fault } from '../../ledger/fault.ts';
import { type ConfigGroup, type Decoded, FabricMspConfig, MspConfig } from '../../ledger/messages/index.ts';
import { revokedSerials } from '../../ledger/verify/revocation-list.ts';
import { setValue } from '../config/tree.ts';
import type { EditOf } from './edit-schema.ts';

type Msp = Decoded<typeof FabricMspConfig>;

/** Changes an organization's MSP. It stands in both sections, and both must say the same of it. */
function changeMsp(root: ConfigGroup, mspId: string, change: (msp: Msp) => Msp): void {
  let found = false;
  for (const section of ['Application', 'Orderer']) {
    const group = root.groups.get(section)?.groups.get(mspId);
    const value = group?.values.get('MSP')?.value;
    if (group === undefined || value === undefined) continue;
    const { type, config } = MspConfig.decode(value);
    const changed = FabricMspConfig.encode(change(FabricMspConfig.decode(config)));
    setValue(group, 'MSP', MspConfig.encode({ type, config: changed }));
    found = true;
  }
  if (!found) throw new Fault('misconfigured', `${mspId} is no member of the channel`);
}

export function setRevocationLists(root: ConfigGroup, { mspId, lists }: EditOf<'set-revocation-list'>): void {
  changeMsp(root, mspId, (msp) => ({ ...msp, revocationList: lists.map((list) => Buffer.from(list)) }));
}

/**
 * Lets certificates of a further authority count, beside those of the old one. The node OUs must then name no authority:
 * Fabric finds a role only under the one that they name.
 */
export function addRoots(root: ConfigGroup, edit: EditOf<'add-roots'>): void {
  const { rootCertificate, tlsRootCertificate } = asked(edit);
  changeMsp(root, edit.mspId, (msp) => ({
    ...msp,
    rootCerts: withRoot(msp.rootCerts, rootCertificate, edit.mspId),
    tlsRootCerts: withRoot(msp.tlsRootCerts, tlsRootCertificate, edit.mspId),
    nodeOUs: rootCertificate === undefined ? msp.nodeOUs : withoutAuthority(msp.nodeOUs),
  }));
}

/** Takes an authority out: from that block on nothing that it issued counts. */
export function removeRoots(root: ConfigGroup, edit: EditOf<'remove-roots'>): void {
  const { rootCertificate, tlsRootCertificate } = asked(edit);
  changeMsp(root, edit.mspId, (msp) => {
    const rootCerts = withoutRoot(msp.rootCerts, rootCertificate, edit.mspId);
    // A list of an authority that is gone would be refused, and with it the whole configuration.
    const issuers = [...rootCerts, ...msp.intermediateCerts].map((pem) => new X509Certificate(pem).publicKey);
    const revocationList = msp.revocationList.filter((list) =>
      issuers.some((issuer) => revokedSerials(Buffer.from(list).toString('utf8'), issuer) !== undefined),
    );
    const tlsRootCerts = withoutRoot(msp.tlsRootCerts, tlsRootCertificate, edit.mspId);
    return { ...msp, rootCerts, tlsRootCerts, revocationList };
  });
}

function asked(edit: EditOf<'add-roots' | 'remove-roots'>) {
  if (edit.rootCertificate === undefined && edit.tlsRootCertificate === undefined) {
    throw new Fault('misconfigured', `say which root of ${edit.mspId} is meant: rootCertificate or tlsRootCertificate`);
  }
  return edit;
}

const fingerprint = (pem: Uint8Array | string) => new X509Certificate(Buffer.from(pem)).fingerprint256;

function withRoot(roots: readonly Uint8Array[], pem: string | undefined, mspId: string): Uint8Array[] {
  if (pem === undefined) return [...roots];
  const known = roots.some((root) => fingerprint(root) === fingerprint(pem));
  if (known) throw new Fault('misconfigured', `${mspId} has this root already`);
  return [...roots, Buffer.from(pem)];
}

function withoutRoot(roots: readonly Uint8Array[], pem: string | undefined, mspId: string): Uint8Array[] {
  if (pem === undefined) return [...roots];
  const rest = roots.filter((root) => fingerprint(root) !== fingerprint(pem));
  if (rest.length === roots.length) throw new Fault('misconfigured', `${mspId} has no such root`);
  if (rest.length === 0) {
    throw new Fault(
      'misconfigured',
      `this is the only root of ${mspId}: add the new one before you take out the old one`,
    );
  }
  return rest;
}

function withoutAuthority(nodeOUs: Msp['nodeOUs']): Msp['nodeOUs'] {
  if (nodeOUs === undefined) return undefined;
  const nothing = new Uint8Array(0);
  const free = <U extends { certificate: Uint8Array } | undefined>(unit: U): U =>
    unit === undefined ? unit : { ...unit, certificate: nothing };
  const { client, peer, admin, orderer } = nodeOUs;
  return { ...nodeOUs, client: free(client), peer: free(peer), admin: free(admin), orderer: free(orderer) };
}
