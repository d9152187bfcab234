import type { Identity } from '../../admin/index.ts';

/** What an organization's peers and orderers have in common. */
interface FabricNode {
  /** The program's name, such as `peer-alder`. */
  readonly name: string;
  readonly mspId: string;
  /** Absolute; gets configuration and data. */
  readonly directory: string;
  readonly identity: Identity;
  /** The organization's admin, who brings it into channels. */
  readonly admin: Identity;
  /** The host by which other members reach it, and the own address it listens at. Loopback when not given. */
  readonly host?: string;
  readonly listen?: string;
  readonly port: number;
}

/** An orderer as it runs here. */
export interface OrdererNode extends FabricNode {
  /** Of its administration, on loopback. */
  readonly adminPort: number;
}

/** A peer as it runs here. */
export interface PeerNode extends FabricNode {
  /** `host:port` of the organization's other peers, here or not. */
  readonly siblings?: readonly string[];
  /** How it reaches each chaincode service, by package label. */
  readonly chaincodes: ReadonlyMap<string, ChaincodeConnection>;
}

/** One organization's part of a Fabric network on this machine. */
export interface FabricMember {
  readonly mspId: string;
  readonly orderers: readonly OrdererNode[];
  /** The first one speaks for the organization. */
  readonly peers: readonly [PeerNode, ...PeerNode[]];
}

/** A chaincode service as a peer dials it, with mutual TLS. Certificates and key in PEM. */
export interface ChaincodeConnection {
  /** `host:port`; the host stands in the service's certificate. */
  readonly address: string;
  readonly rootCertificate: string;
  readonly clientCertificate: string;
  readonly clientKey: string;
}

export const loopback = '127.0.0.1';

/** Where programs of this machine dial a node that listens so. */
export function dialled({ listen = loopback }: Pick<FabricNode, 'listen'>): string {
  return ['0.0.0.0', '::'].includes(listen) ? loopback : listen;
}
