import { type Identity, keyPem } from '../../admin/index.ts';
import { openConnection } from '../../ledger/connection.ts';
import { signatory } from '../../ledger/identity.ts';
import { dialled, type OrdererNode, type PeerNode } from './nodes.ts';

/** A member's peer on another machine, as its organization made it known. */
export interface RemotePeer {
  readonly mspId: string;
  /** `host:port`; the host stands in its certificate. */
  readonly address: string;
  /** PEM. */
  readonly tlsRoot: string;
}

function signatoryOf({ mspId, signer }: Identity) {
  return signatory({ mspId, certificate: signer.certificate, privateKey: signer.key });
}

/** The administration endpoint of an orderer of this machine, opened with its organization's admin certificate. */
export function ordererAdminOf({ adminPort, identity, admin }: OrdererNode) {
  return {
    address: `127.0.0.1:${adminPort}`,
    tlsServerName: 'localhost',
    tlsRoots: [identity.tlsRoot],
    certificate: admin.tls.certificate,
    key: keyPem(admin.tls.key),
  };
}

/** A gRPC client to an own peer or orderer, and the same as administration wants it. */
export function nodeConnection(node: PeerNode | OrdererNode) {
  const { name, port, identity, admin } = node;
  const client = openConnection({
    address: `${dialled(node)}:${port}`,
    tlsRoots: [identity.tlsRoot],
    tlsServerName: 'localhost',
  });
  return { client, connection: { client, signatory: signatoryOf(admin), name } };
}

/** A gRPC client to another member's peer, asked as our own admin. */
export function remotePeerConnection({ mspId, address, tlsRoot }: RemotePeer, admin: Identity) {
  const client = openConnection({ address, tlsRoots: [tlsRoot] });
  return { client, connection: { client, signatory: signatoryOf(admin), name: `the peer of ${mspId} at ${address}` } };
}
