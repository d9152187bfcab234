import type { ChangeId, MspId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { describe, expect, test } from '@jest/globals';
import { type ChangePowers, changeRoutes } from './change-routes.ts';
import { matchPeerRoute } from './peer-route.ts';

const birch = 'BirchMSP' as MspId;
const id = `chng_${'a'.repeat(26)}` as ChangeId;
const offer = { id, proposer: 'AlderMSP' as MspId, proposedAt: '2026-11-22T12:00:00.000Z', proposal: {} as never };

/** A gateway that offers one change, and what it was told. */
function gateway(take: () => Promise<void> = async () => undefined) {
  const told: unknown[] = [];
  const powers: ChangePowers = {
    fabricVersion: '3.1',
    chaincodes: { offered: () => [] },
    changes: {
      offered: async (to) => (to === birch ? [id] : []),
      offer: async (to, asked) => (to === birch && asked === id ? offer : undefined),
      takeSignature: async (...args) => void told.push(args, await take()),
      takeRefusal: async (...args) => void told.push(args, await take()),
    },
  };
  const ask = async (method: string, path: string, body: unknown = '', name = 'gateway', organization = birch) => {
    const { route, params } = matchPeerRoute(changeRoutes(powers), method, path)!;
    const caller = { organization, name };
    const sent = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const rest = { query: new URLSearchParams(), header: () => undefined, signal: new AbortController().signal };
    const reply = await route.answer({ caller, params, body: sent, ...rest });
    return { status: reply.status, body: reply.body && JSON.parse(Buffer.from(reply.body).toString()) };
  };
  return { ask, told };
}

describe('changes between organizations', () => {
  test('are listed and read, and the version of Fabric is told', async () => {
    const { ask } = gateway();
    expect(await ask('GET', '/v1/changes')).toEqual({ status: 200, body: { changes: [id] } });
    expect(await ask('GET', `/v1/changes/${id}`)).toMatchObject({ status: 200, body: { id, proposer: 'AlderMSP' } });
    expect(await ask('GET', '/v1/fabric-version')).toEqual({ status: 200, body: { version: '3.1' } });
    expect(await ask('GET', '/v1/definitions')).toEqual({ status: 200, body: { definitions: [] } });
  });

  test('are answered in the name of whose certificate the connection shows', async () => {
    const { ask, told } = gateway();
    expect(await ask('POST', `/v1/changes/${id}/signatures`, { signature: 'AAAA' })).toMatchObject({ status: 204 });
    expect(await ask('POST', `/v1/changes/${id}/refusals`, { reason: 'no' })).toMatchObject({ status: 204 });
    expect(told.filter(Boolean)).toEqual([
      [birch, id, 'AAAA'],
      [birch, id, 'no'],
    ]);
  });

  test('are not for compute nodes, nor for who is not in the channel', async () => {
    const { ask } = gateway();
    const node = `comp_${'a'.repeat(26)}`;
    for (const path of ['/v1/changes', `/v1/changes/${id}`, '/v1/definitions']) {
      await expect(ask('GET', path, '', node)).rejects.toMatchObject({ status: 404 });
    }
    const refusal = ask('POST', `/v1/changes/${id}/refusals`, { reason: 'no' }, node);
    await expect(refusal).rejects.toMatchObject({ status: 404 });
    const stranger = ask('GET', `/v1/changes/${id}`, '', 'gateway', 'CedarMSP' as MspId);
    await expect(stranger).rejects.toMatchObject({ status: 404 });
  });

  test('take no answer that is none, and say what is wrong with one', async () => {
    const { ask } = gateway(async () => {
      throw new Fault('corrupt', 'the signature of BirchMSP on the update is wrong');
    });
    await expect(ask('POST', `/v1/changes/${id}/signatures`, { signature: 'AAAA' })).rejects.toMatchObject({
      status: 422,
      message: 'the signature of BirchMSP on the update is wrong',
    });
    await expect(ask('POST', `/v1/changes/${id}/signatures`, { signature: '' })).rejects.toMatchObject({ status: 400 });
    await expect(ask('POST', `/v1/changes/${id}/refusals`, {})).rejects.toMatchObject({ status: 400 });
    await expect(ask('GET', '/v1/changes/chng_x')).rejects.toMatchObject({ status: 404 });
  });
});
