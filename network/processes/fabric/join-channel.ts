import {
  approveInForce,
  type ChaincodePackage,
  fetchBlock,
  fetchConfigBlock,
  type Identity,
  installChaincode,
  joinPeer,
  type OrdererEndpoint,
  ordererEndpoints,
} from '../../admin/index.ts';
import { openConnection } from '../../ledger/connection.ts';
import { Fault } from '../../ledger/fault.ts';
import { signatory } from '../../ledger/identity.ts';
import { readChannelConfig } from '../../ledger/verify/channel-config.ts';
import { eventually } from '../program/index.ts';
import { nodeConnection } from './connections.ts';
import type { FabricMember } from './nodes.ts';

/** How a member that a running channel has taken in finds its way there: any config block of the channel, and its own admin. */
export interface ChannelDoor {
  readonly configBlock: Uint8Array;
  readonly mspId: string;
  readonly admin: Identity;
}

/**
 * The first block of a running channel, from one of its orderers, which give it to members alone. @throws Fault with what to do where
 * the channel has not taken the organization in
 */
export async function firstBlock({ configBlock, mspId, admin }: ChannelDoor, signal: AbortSignal): Promise<Uint8Array> {
  const config = readChannelConfig(configBlock);
  return await atAnOrderer(config.channel, ordererEndpoints(config), { mspId, admin }, (orderer) =>
    fetchBlock(orderer, config.channel, 0, { signal }),
  );
}

/**
 * Brings the peers of a member into a channel that runs: they join by its first block, follow it to the block that takes the member in,
 * and get the chaincode that is in force, approved word for word. Done again, it changes nothing; the others go on undisturbed.
 */
export async function joinChannel(
  { mspId, peers }: Pick<FabricMember, 'mspId' | 'peers'>,
  door: ChannelDoor & { readonly genesisBlock: Uint8Array },
  { name, chaincodePackage }: { readonly name: string; readonly chaincodePackage: ChaincodePackage },
  signal: AbortSignal,
): Promise<void> {
  const { channel } = readChannelConfig(door.genesisBlock);
  using open = new DisposableStack();
  const connected = peers.map((node) => {
    const { client, connection } = nodeConnection(node);
    open.defer(() => client.close());
    return connection;
  });
  for (const peer of connected) {
    await joinPeer(peer, door.genesisBlock);
    await eventually(
      `${peer.name} to read how ${channel} took ${mspId} in`,
      async () => {
        const config = readChannelConfig(await fetchConfigBlock(peer, channel, { from: 'peer', signal }));
        if (!config.applicationMsps.has(mspId)) throw new Fault('unavailable', `${mspId} is not in it yet`);
      },
      { signal },
    );
    await installChaincode(peer, chaincodePackage);
  }
  const [first] = connected;
  if (first === undefined) throw new Fault('misconfigured', `${mspId} has no peer to join with`);
  const endpoints = ordererEndpoints(readChannelConfig(door.configBlock));
  const { packageId } = chaincodePackage;
  const sequence = await atAnOrderer(channel, endpoints, door, (orderer) =>
    approveInForce(first, { channel, name, packageId }, { orderer, signal }),
  );
  if (sequence === undefined) throw new Fault('misconfigured', `${channel} has no chaincode ${name} in force`);
}

async function atAnOrderer<T>(
  channel: string,
  endpoints: readonly OrdererEndpoint[],
  { mspId, admin }: Pick<ChannelDoor, 'mspId' | 'admin'>,
  ask: (orderer: Parameters<typeof fetchBlock>[0]) => Promise<T>,
): Promise<T> {
  const { certificate, key: privateKey } = admin.signer;
  const signing = signatory({ mspId, certificate, privateKey });
  let last: unknown = new Fault('misconfigured', `the configuration of ${channel} names no orderer`);
  for (const { address, tlsRoots } of endpoints) {
    const client = openConnection({ address, tlsRoots });
    try {
      return await ask({ client, signatory: signing, name: address });
    } catch (error) {
      last = error;
    } finally {
      client.close();
    }
  }
  if (last instanceof Fault && /FORBIDDEN/.test(last.message)) {
    throw new Fault(
      'misconfigured',
      `${channel} has not taken ${mspId} in: its members add it from its public file (dcloud org add), and enough of them sign`,
      { cause: last },
    );
  }
  throw last;
}
