import { describe, expect, test } from '@jest/globals';
import { bytesOf, mspIdOf, readWanted, usualOrganizations, wantedSchema } from './wanted.ts';

const read = (wanted: unknown) => readWanted(JSON.stringify(wanted), 'network.json');
const organizations = (...more: object[]) => [
  { name: 'alder', ...more[0] },
  { name: 'birch', ...more[1] },
  { name: 'cedar', ...more[2] },
];

describe('a description of a network', () => {
  test('needs not say anything: the usual network has three organizations, none of which holds the 4 fragments that open a version, and each of which may go', () => {
    const { network, channel, organizations } = read({});
    expect(network).toBe('embedded');
    expect(channel).toMatchObject({ name: 'dcloud', consensus: 'raft', batch: { timeout: '50ms' } });
    const stored = organizations.map(({ storageNodes }) => Number(storageNodes));
    expect(stored).toEqual(usualOrganizations.map(({ storageNodes }) => storageNodes));
    expect(stored.reduce((sum, count) => sum + count, 0)).toBe(7);
    for (const count of stored) {
      expect(count).toBeLessThan(4);
      expect(7 - count).toBeGreaterThanOrEqual(4);
    }
  });

  test('of an organization that joins a channel needs no orderer, and is of it alone and of a real network', () => {
    const joining = { network: 'real', joins: true, organizations: [{ name: 'dogwood', orderers: 0 }] };
    expect(read(joining)).toMatchObject({ joins: true, organizations: [{ name: 'dogwood', orderers: 0 }] });
    expect(() => read({ ...joining, joins: false })).toThrow('nobody orders transactions');
    expect(() => read({ ...joining, organizations: organizations() })).toThrow('one organization joins a real network');
    expect(() => read({ joins: true, organizations: [{ name: 'dogwood' }] })).toThrow('joins: one organization joins');
  });

  test('names an MSP after its organization unless told otherwise', () => {
    expect(mspIdOf({ name: 'alder-east' })).toBe('AlderEastMSP');
    expect(mspIdOf({ name: 'alder', mspId: 'Org1MSP' })).toBe('Org1MSP');
  });

  test('takes sizes as people write them', () => {
    expect([bytesOf(17), bytesOf('4096'), bytesOf('64 GiB'), bytesOf('2TiB')]).toEqual([17, 4096, 2 ** 36, 2 ** 41]);
  });

  test.each([
    ['{', 'is not JSON'],
    ['{"organisations":[]}', 'Unrecognized key'],
    ['{"network":"fabric"}', 'network: write "embedded"'],
    ['{"organizations":[]}', 'organizations: describe at least one organization'],
    ['{"organizations":[{"name":"Alder"}]}', 'organizations[0].name: start with a letter'],
    ['{"organizations":[{"name":"a","host":"alder:7410"}]}', 'organizations[0].host: write a DNS name'],
    ['{"organizations":[{"name":"a","peers":3}]}', 'organizations[0].peers: write 1 or 2'],
    ['{"organizations":[{"name":"a","firstPort":80}]}', 'organizations[0].firstPort: take one from 1024 on'],
    [
      '{"organizations":[{"name":"a","storageNodes":[{"capacity":"much"}]}]}',
      'organizations[0].storageNodes[0].capacity: write bytes',
    ],
    [
      '{"organizations":[{"name":"a","storageNodes":[{"pricePerGibMonth":"1.5"}]}]}',
      'organizations[0].storageNodes[0].pricePerGibMonth: write a whole amount',
    ],
    ['{"organizations":[{"name":"a","orderers":0}]}', 'organizations: nobody orders transactions'],
    ['{"organizations":[{"name":"a"},{"name":"a"}]}', 'organizations[1].name: a is described twice'],
    ['{"organizations":[{"name":"a"},{"name":"a-b"}]}', 'organizations[0].name: the programs of a-b would be taken'],
    ['{"organizations":[{"name":"a","mspId":"X"},{"name":"b","mspId":"X"}]}', 'organizations[1].mspId: another'],
    ['{"channel":{"consensus":"solo"}}', 'channel.consensus: write "raft"'],
    ['{"channel":{"name":"DCloud"}}', 'channel.name: start with a letter'],
    ['{"channel":{"batch":{"preferredMaxBytes":99000000}}}', 'channel.batch.preferredMaxBytes: is more than'],
    ['{"channel":{"policies":{"Admins":"TWO"}}}', 'channel.policies.Admins: write such as'],
    ['{"binaries":"/opt"}', 'binaries: an embedded network runs no programs of others'],
    ['{"ipfs":{"mode":"open"}}', 'ipfs.mode: write "private", or "public" (read docs/guides/public-ipfs.md first)'],
    ['{"network":"real","ipfs":{"bootstrap":["example.org"]}}', 'ipfs.bootstrap[0]: write "auto" or a multiaddress'],
    ['{"organizations":[{"name":"a","peers":2}]}', 'organizations[0].peers: an embedded ledger has one each'],
    [
      '{"organizations":[{"name":"a","host":"a.example"}]}',
      'organizations[0].host: an embedded network is one machine',
    ],
  ])('that is wrong is told where and what to write: %s', (text, sentence) => {
    expect(() => readWanted(text, 'network.json')).toThrow(sentence);
  });

  test('has four orderers for bft, whether by a fourth organization or by a second orderer of one', () => {
    const bft = (...more: object[]) => ({
      network: 'real',
      channel: { consensus: 'bft' },
      organizations: organizations(...more),
    });
    expect(() => read(bft())).toThrow('channel.consensus: bft needs 4 orderers, here are 3');
    expect(read(bft({ orderers: 2 })).channel.consensus).toBe('bft');
    const four = { ...bft(), organizations: [...organizations(), { name: 'dune' }] };
    expect(read(four).organizations).toHaveLength(4);
  });

  test('has a JSON Schema, in which everything has a default but the names', () => {
    const schema = JSON.stringify(wantedSchema());
    expect(schema).toContain('"firstPort"');
    expect(schema).not.toContain('"required":["network"');
    expect(read({ $schema: './schema.json' }).network).toBe('embedded');
  });
});
