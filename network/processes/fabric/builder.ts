/**
 * Fabric's external builder for chaincode as a service (detect, build, release: https://hyperledger-fabric.readthedocs.io/en/release-2.5/cc_launcher.html).
 * The package names the service only; its address and the keys to it come from the peer's own directory, so that no key
 * travels in a package and one package serves every organization.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chaincodeDirectoryVariable } from './peer-config.ts';

type Metadata = { readonly type?: unknown; readonly label?: unknown };

function metadataIn(directory: string): Metadata {
  return JSON.parse(readFileSync(join(directory, 'metadata.json'), 'utf8')) as Metadata;
}

/** `detect SOURCE METADATA`: is the package ours? */
export function detect(_source = '', metadata = ''): number {
  return metadataIn(metadata).type === 'ccaas' ? 0 : 1;
}

/** `build SOURCE METADATA OUTPUT`: there is nothing to build; the metadata is kept for the release. */
export function build(_source = '', metadata = '', output = ''): number {
  copyFileSync(join(metadata, 'metadata.json'), join(output, 'metadata.json'));
  return 0;
}

/** `release OUTPUT RELEASE`: how this peer reaches the service, from its own directory. */
export function release(output = '', released = ''): number {
  const { label } = metadataIn(output);
  const directory = process.env[chaincodeDirectoryVariable];
  if (directory === undefined || typeof label !== 'string' || !/^[\w.+-]+$/.test(label)) return 1;
  const connection = readFileSync(join(directory, `${label}.json`));
  const place = join(released, 'chaincode', 'server');
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'connection.json'), connection, { mode: 0o600 });
  return 0;
}
