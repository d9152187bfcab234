import type { Identity } from '../msp/identity.ts';
import { InstallChaincodeArgs, InstalledChaincode, InstalledChaincodes, PackageIdArgs } from '../wire/lifecycle.ts';
import type { Response } from '../wire/proposal.ts';
import type { InstalledPackages } from './installed-packages.ts';
import { accessDenied, answered, argumentsOf, decoded } from './refusals.ts';

/** The chaincodes that run a package on one channel. */
export interface PackageUse {
  readonly channelId: string;
  /** Agreed upon and run with this package by this organization. */
  chaincodesOf(packageId: string): readonly { readonly name: string; readonly version: string }[];
}

/** One organization's peer as `_lifecycle` sees it, apart from any channel. */
export interface LocalPeer {
  readonly mspId: string;
  readonly packages: InstalledPackages;
  /** Every channel that the peer is on. */
  uses(): Iterable<PackageUse>;
}

const localFunctions: ReadonlySet<string> = new Set([
  'InstallChaincode',
  'QueryInstalledChaincode',
  'GetInstalledChaincodePackage',
  'QueryInstalledChaincodes',
]);

/** Whether a function of `_lifecycle` concerns one peer alone, with or without a channel. */
export const isLocalFunction = (name: string): boolean => localFunctions.has(name);

/** What the peer's own admins alone may do, in Fabric's words where the creator is somebody else. */
export function notLocalAdmin(mspId: string, creator: Identity): string | undefined {
  const policy = 'during channelless check policy with policy [Admins]';
  if (creator.mspId !== mspId) {
    return `Failed deserializing proposal creator ${policy}: [expected MSP ID ${mspId}, received ${creator.mspId}]`;
  }
  if (creator.roles.has('admin')) return undefined;
  const why = `The identity is not an admin under this MSP [${mspId}]: The identity does not contain OU [ADMIN], MSP: [${mspId}]`;
  return `Failed verifying that proposal's creator satisfies local MSP principal ${policy}: [${why}]`;
}

/** `_lifecycle`'s functions that concern one peer alone: what is installed there. */
export async function localLifecycle(peer: LocalPeer, args: readonly Buffer[], creator: Identity): Promise<Response> {
  return answered(args[0]?.toString() ?? '', () => {
    const { name, argument } = argumentsOf(args);
    const denied = isLocalFunction(name)
      ? notLocalAdmin(peer.mspId, creator)
      : `Unmapped policy for _lifecycle/${name}`;
    if (denied !== undefined) throw accessDenied(denied);
    return run(peer, name, argument);
  });
}

async function run(peer: LocalPeer, name: string, argument: Buffer): Promise<Buffer> {
  const { packages } = peer;
  switch (name) {
    case 'InstallChaincode': {
      const { chaincodeInstallPackage } = decoded(name, InstallChaincodeArgs, argument);
      return InstalledChaincode.encode(await packages.install(chaincodeInstallPackage));
    }
    case 'QueryInstalledChaincodes': {
      const installed = packages.all().map((each) => ({ ...each, references: referencesOf(peer, each.packageId) }));
      return InstalledChaincodes.encode({ installed });
    }
    case 'QueryInstalledChaincode': {
      const { packageId } = decoded(name, PackageIdArgs, argument);
      const found = packages.find(packageId);
      if (found === undefined) throw new Error(`could not find chaincode with package id '${packageId}'`);
      const { label } = found;
      return InstalledChaincode.encode({ packageId, label, references: referencesOf(peer, packageId) });
    }
    default: {
      const { packageId } = decoded(name, PackageIdArgs, argument);
      const bytes = await packages.read(packageId);
      if (bytes === undefined) {
        throw new Error(`could not load cc install package: chaincode install package '${packageId}' not found`);
      }
      return InstallChaincodeArgs.encode({ chaincodeInstallPackage: bytes });
    }
  }
}

function referencesOf({ uses }: LocalPeer, packageId: string) {
  const found = [...uses()].map((use) => [use.channelId, use.chaincodesOf(packageId)] as const);
  return Object.fromEntries(
    found.filter(([, chaincodes]) => chaincodes.length > 0).map(([id, chaincodes]) => [id, { chaincodes }]),
  );
}
