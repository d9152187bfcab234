import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { base58btc } from 'multiformats/bases/base58';
import { replaceFile } from '../../files/index.ts';

/** A node's name on the RPC: a libp2p peer id and the public key that it is made of, both as Kubo prints them. */
export interface NodeIdentity {
  readonly peerId: string;
  readonly publicKey: string;
}

/**
 * The identity of the node in a directory, made at its first start. The private key is thrown away: an embedded node speaks to nobody, its id only has to stay the same.
 * Peer id: identity multihash of the protobuf public key (libp2p peer-ids specification).
 */
export async function identityOf(directory: string): Promise<NodeIdentity> {
  const path = join(directory, 'identity');
  const publicKey = (await readFile(path, 'utf8').catch(() => found(path))).trim();
  const key = Buffer.from(publicKey, 'base64');
  return { publicKey, peerId: base58btc.encode(Buffer.concat([Buffer.from([0x00, key.length]), key])).slice(1) };
}

async function found(path: string): Promise<string> {
  const { publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const text = Buffer.concat([Buffer.from([0x08, 0x01, 0x12, 0x20]), raw]).toString('base64');
  await replaceFile(path, text);
  return text;
}
