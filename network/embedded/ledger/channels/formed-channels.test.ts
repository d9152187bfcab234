import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type ChaincodeDefinition, packageChaincode } from '../../../admin/index.ts';
import { connectLedger } from '../../../ledger/ledger.ts';
import {
  everyPeerHasCaughtUp,
  everyPeerKnowsAll,
  type FabricMember,
  formChannel,
  membersNamed,
} from '../../../processes/fabric/index.ts';
import { takePorts } from '../../../processes/program/index.ts';
import { clientTls, serve } from '../testing/chaincode-service.ts';
import { ChannelWorld, type Name } from '../testing/channel-world.ts';

const names = ['A', 'B', 'C'] as const;
const chaincodePackage = packageChaincode('probe_1');
const definition = (channel: string): ChaincodeDefinition => ({ channel, name: 'probe', version: '1', sequence: 1 });
let world: ChannelWorld;
const open = new AsyncDisposableStack();

beforeAll(async () => {
  world = open.use(await ChannelWorld.start());
  const server = world.identity('A', 'chaincode');
  const address = `127.0.0.1:${(await takePorts(1))[0]}`;
  const service = await serve(chaincodePackage.packageId, address, server);
  open.defer(() => service.disconnect());
  const packages = { probe_1: { address, tls: clientTls(server) } };
  await world.end();
  const organizations = world.config.organizations.map((each) => ({ ...each, packages }));
  Object.assign(world.config, { organizations });
  await world.begin();
});
afterAll(() => open.disposeAsync());

const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1));

/** The members as whoever runs real peers and orderers describes them: what forms a channel there forms it here. */
const members = (): FabricMember[] =>
  names.map((mspId) => {
    const node = (kind: 'orderer' | 'peer', address: string) => ({
      name: `${kind}-${mspId.toLowerCase()}`,
      mspId,
      directory: world.directory,
      identity: world.identity(mspId, kind),
      admin: world.identity(mspId, 'admin'),
      port: portOf(address),
    });
    const { address, adminAddress } = world.ledger.orderers[mspId]!;
    return {
      mspId,
      orderers: [{ ...node('orderer', address), adminPort: portOf(adminAddress) }],
      peers: [{ ...node('peer', world.ledger.addresses[mspId]!), chaincodes: new Map() }],
    };
  });

const at = (name: Name, channel: string) => {
  const { signer, mspId } = world.identity(name, 'gateway');
  return connectLedger({
    peerAddress: world.ledger.addresses[name]!,
    tlsRoots: [world.identity(name, 'peer').tlsRoot],
    identity: { mspId, certificate: signer.certificate, privateKey: signer.key },
    channel,
    chaincode: 'probe',
    readRefusal: () => undefined,
  });
};
const value = async (name: Name, channel: string): Promise<string> => {
  await using ledger = at(name, channel);
  return Buffer.from(await ledger.evaluate('get', ['k'])).toString();
};

test('channels are formed, agree on a chaincode, go their own ways, and are all there after a restart', async () => {
  const signal = AbortSignal.timeout(60_000);
  for (const channel of ['first', 'second']) {
    const genesisBlock = await world.genesis(channel);
    const chaincodes = [{ definition: definition(channel), chaincodePackage }];
    await formChannel(members(), { channel, genesisBlock, chaincodes }, signal);
    await everyPeerKnowsAll(members(), { channel, name: 'probe' }, signal);
    // Done again, it changes nothing.
    await formChannel(members(), { channel, genesisBlock, chaincodes }, signal);
    await using ledger = at('A', channel);
    await ledger.submit('put', ['k', `in the ${channel}`]);
  }
  const height = await world.height('second');
  await world.change('first', { kind: 'set-batch', maxMessageCount: 3 }, ['B', 'C']);
  expect(await world.height('second')).toBe(height);
  for (const again of [false, true]) {
    if (again) {
      await world.end();
      await world.begin();
    }
    for (const name of names) {
      expect(await value(name, 'first')).toBe('in the first');
      expect(await value(name, 'second')).toBe('in the second');
    }
  }
  await using ledger = at('C', 'second');
  await ledger.submit('put', ['k', 'again']);
  expect([await value('B', 'first'), await value('B', 'second')]).toEqual(['in the first', 'again']);
}, 90_000);

test('after one was removed only those that the channel still names are waited for', async () => {
  const signal = AbortSignal.timeout(60_000);
  const channel = 'third';
  const genesisBlock = await world.genesis(channel);
  const chaincodes = [{ definition: definition(channel), chaincodePackage }];
  await formChannel(members(), { channel, genesisBlock, chaincodes }, signal);
  const named = async () => (await membersNamed(members(), channel, signal)).map(({ mspId }) => mspId);
  expect(await named()).toEqual(['A', 'B', 'C']);
  await world.change(channel, { kind: 'remove-consenter', address: 'localhost:7052' }, ['A', 'B']);
  await world.change(channel, { kind: 'remove-organization', mspId: 'C' }, ['A', 'B']);
  expect(await named()).toEqual(['A', 'B']);
  const left = await membersNamed(members(), channel, signal);
  await everyPeerHasCaughtUp(left, channel, { signal });
  await everyPeerKnowsAll(left, { channel, name: 'probe' }, signal);
}, 90_000);
