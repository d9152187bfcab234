import type { Client } from '@grpc/grpc-js';
import { connect, type Gateway, hash } from '@hyperledger/fabric-gateway';
import type { Deadlines } from './deadlines.ts';
import type { Signatory } from './identity.ts';
import type { ReadRefusal } from './translate.ts';
import type { Waits } from './waits.ts';

/** What every stage of a transaction needs: one identity on one channel, through one peer. */
export interface Session {
  readonly client: Client;
  readonly gateway: Gateway;
  readonly signatory: Signatory;
  readonly channel: string;
  readonly chaincode: string;
  readonly deadlines: Deadlines;
  readonly waits: Waits;
  readonly readRefusal: ReadRefusal;
  readonly tlsCertificateHash: Uint8Array | undefined;
}

/** fabric-gateway over our connection, signing by OpenSSL: its own signer costs 2.4 ms of JavaScript per signature. */
export function openGateway(client: Client, signatory: Signatory, tlsCertificateHash: Uint8Array | undefined): Gateway {
  return connect({
    client,
    identity: { mspId: signatory.mspId, credentials: Buffer.from(signatory.certificate) },
    signer: async (message) => signatory.sign(message),
    hash: hash.none,
    ...(tlsCertificateHash === undefined ? {} : { tlsClientCertificateHash: tlsCertificateHash }),
  });
}
