import { describe, expect, test } from '@jest/globals';
import { networkDescription, parseDescription, portsOf } from './description.ts';

const v1 = (organization: object, more: object = {}) =>
  JSON.stringify({
    v: 1,
    ...more,
    channel: 'dcloud',
    chaincodePort: 8000,
    organizations: [
      {
        name: 'alder',
        mspId: 'AlderMSP',
        ports: { rest: 8001, peerListener: 8002, ledger: 8003 },
        storageNodes: [{ id: 'stor_a', port: 8004, disk: 'disk-1', capacityBytes: '1024' }],
        computeNodes: [{ id: 'comp_a', classes: ['R-1'] }],
        ...organization,
      },
    ],
  });

describe('a network.json of version 1', () => {
  test('of an embedded network is read as one peer each on loopback, with its ids and ports', () => {
    const described = parseDescription(v1({}))!;
    expect(networkDescription.parse(described)).toEqual(described);
    expect(described).toMatchObject({ v: 2, ledger: { kind: 'embedded' }, chaincodePort: 8000, others: [] });
    expect(described.organizations[0]).toEqual({
      name: 'alder',
      mspId: 'AlderMSP',
      host: '127.0.0.1',
      listen: '127.0.0.1',
      ports: { rest: 8001, peerListener: 8002 },
      peers: [{ port: 8003 }],
      orderers: [],
      storageNodes: [{ id: 'stor_a', port: 8004, disk: 'disk-1', capacityBytes: '1024' }],
      computeNodes: [{ id: 'comp_a', classes: ['R-1'] }],
    });
    expect(portsOf(described).map(({ port }) => port)).toEqual([8000, 8001, 8002, 8003, 8004]);
  });

  test('of a real network keeps its orderer, and the chaincode service that is its peer’s own', () => {
    const fabricPorts = { orderer: 8005, ordererAdmin: 8006, chaincode: 8007 };
    const kinds = { ledger: { kind: 'fabric', binaries: '/opt/fabric' }, store: { kind: 'kubo' } };
    const described = parseDescription(v1({ fabricPorts }, kinds))!;
    expect(described).toMatchObject({ ledger: { kind: 'fabric', binaries: '/opt/fabric' }, store: { kind: 'kubo' } });
    expect(described.chaincodePort).toBeUndefined();
    expect(described.organizations[0]).toMatchObject({
      peers: [{ port: 8003, chaincode: 8007 }],
      orderers: [{ port: 8005, adminPort: 8006 }],
    });
  });

  test('that is damaged is not guessed at', () => {
    for (const text of ['{"v":1}', '{"v":1,"organizations":[{}]}', '[]', 'null', '{"v":3}', v1({ ports: {} })])
      expect(parseDescription(text)).toBeUndefined();
  });
});
