import { idFrom, sha256 } from '@d-cloud/chaincode/domain';
import { Fault, type Ledger } from '@d-cloud/network/ledger';
import { describe, expect, test } from '@jest/globals';
import { gatewayLedger } from './fabric-ledger.ts';
import type { GatewayLedger } from './ledger.ts';

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const stamp = { key: 'k', person: sha256('ada'), digest: sha256('request') };
const dataset = idFrom('dset', new Uint8Array(16));

describe('the ledger as handlers see it', () => {
  const calls: unknown[][] = [];
  const peer: Pick<Ledger, 'submit' | 'evaluate'> = {
    async submit(...call) {
      calls.push(call);
      return { transactionId: 'tx', blockNumber: 7, result: json({ done: true }) };
    },
    async evaluate(...call) {
      calls.push(call);
      return Buffer.from(call[0] === 'dataset:get' ? '{"id":"x"}' : 'not JSON');
    },
  };
  const ledgerOver = (projected: () => Promise<void>): GatewayLedger =>
    gatewayLedger(
      () => peer,
      'AlderMSP',
      projected,
      () => ledgerOver(projected),
    );
  const ledger = ledgerOver(async () => undefined);

  test('writes a body and its stamp as canonical JSON, and reads the result', async () => {
    const submitted = await ledger.submit('dataset:retire', { reason: 'old', dataset }, stamp);
    expect(submitted).toEqual({ transaction: 'tx', block: 7, result: { done: true } });
    const [name, args] = calls.at(-1) as [string, string[]];
    expect(name).toBe('dataset:retire');
    expect(args[0]).toBe(`{"dataset":"${dataset}","reason":"old"}`);
    expect(args[1]).toBe(`{"digest":"${stamp.digest}","key":"k","person":"${stamp.person}"}`);
  });

  test("asks the own organization's peer, unless any peer will do", async () => {
    await ledger.evaluate('dataset:get', { id: dataset });
    expect(calls.at(-1)?.[2]).toEqual({ endorsingOrganizations: ['AlderMSP'] });
    await ledger.evaluate('dataset:get', { id: dataset }, { anyPeer: true });
    expect(calls.at(-1)?.[2]).toEqual({});
  });

  test('an answer that is not JSON is a corrupt one', async () => {
    await expect(
      ledger.evaluate('dataset:getVersion', { id: idFrom('vers', new Uint8Array(16)) }),
    ).rejects.toMatchObject({ kind: 'corrupt' });
  });

  test('a committed write that this gateway does not show yet keeps its transaction in the fault', async () => {
    const late = ledgerOver(async () => {
      throw new Fault('timeout', 'block 7 is not in the read model yet');
    });
    await expect(late.submit('dataset:retire', { reason: 'old', dataset }, stamp)).rejects.toMatchObject({
      kind: 'timeout',
      transactionId: 'tx',
    });
  });
});
