import { expect, test } from '@jest/globals';
import type { RestClient, RestOptions } from '../rest.ts';
import { proposeCatalogue } from './catalogue-members.ts';

function gatewayOf(catalogue: readonly string[], left: readonly string[] = []) {
  const posted: unknown[] = [];
  const members = ['CMSP', 'AMSP', 'BMSP'].map((mspId) => ({ mspId, application: true }));
  const answers: Readonly<Record<string, unknown>> = {
    '/admin/channels/dcloud/chaincodes': {
      inForce: [
        { name: 'dcloud', version: '1', collections: [{ name: 'catalogue', members: catalogue, blockToLive: 0 }] },
      ],
      installed: [{ label: 'dcloud_1' }],
    },
    '/admin/channels/dcloud/members': { members: [...members, { mspId: 'OrdererMSP', application: false }] },
    '/organizations?limit=200': {
      items: members.map(({ mspId }) => ({ mspId, ...(left.includes(mspId) && { left: {} }) })),
    },
  };
  const call = async (method: string, path: string, { body }: RestOptions = {}) => {
    if (method === 'POST') posted.push([path, body]);
    return method === 'POST' ? { sequence: 2 } : answers[path];
  };
  return { rest: { call } as unknown as RestClient, posted };
}

test('the catalogue is proposed for the channel’s members, whoever orders alone left out', async () => {
  const { rest, posted } = gatewayOf(['AMSP', 'BMSP']);
  expect(await proposeCatalogue(rest, 'dcloud')).toMatchObject({ members: ['AMSP', 'BMSP', 'CMSP'] });
  const collections = [{ name: 'catalogue', members: ['AMSP', 'BMSP', 'CMSP'], blockToLive: 0 }];
  expect(posted).toEqual([
    ['/admin/channels/dcloud/chaincodes/dcloud', { version: '1', label: 'dcloud_1', collections }],
  ]);
});

test('one that has left is left out before the channel takes it out', async () => {
  const { rest } = gatewayOf(['AMSP', 'BMSP', 'CMSP'], ['BMSP']);
  expect((await proposeCatalogue(rest, 'dcloud')).members).toEqual(['AMSP', 'CMSP']);
});

test('nothing is proposed where it is theirs already', async () => {
  const { rest, posted } = gatewayOf(['CMSP', 'BMSP', 'AMSP']);
  expect((await proposeCatalogue(rest, 'dcloud')).proposed).toBeUndefined();
  expect(posted).toEqual([]);
});
