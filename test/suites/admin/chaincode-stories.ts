import { expect, test } from '@jest/globals';
import { admin, type Loose, type Stage } from './admins.ts';

/** The chaincode that the network runs, agreed upon once more with one collection more: every organization for itself. */
export function chaincodeStories(stage: Stage): void {
  const as = (organization: 'alder' | 'birch' | 'cedar') => admin(stage(), organization);
  const at = () => `/channels/${stage().credentials.channel}/chaincodes`;
  const collection = {
    name: 'notes',
    members: ['AlderMSP', 'BirchMSP'],
    requiredPeerCount: 0,
    maximumPeerCount: 1,
    blockToLive: 0,
    memberOnlyRead: true,
    memberOnlyWrite: true,
  };

  test('a chaincode is upgraded when a majority has approved, each at its own gateway', async () => {
    const before = await as('birch').get(at());
    const [{ version, sequence, collections }] = before.inForce;
    // On the embedded ledger it may run from the configuration, installed by nobody.
    const label = before.installed[0]?.label ?? 'dcloud_1';
    const wanted = { version, label, collections: [...collections, collection] };
    const proposed = await as('birch').post(`${at()}/dcloud`, wanted);
    expect(proposed).toMatchObject({
      proposer: 'BirchMSP',
      definition: { sequence: sequence + 1 },
      approvals: { BirchMSP: true },
    });
    await expect(as('birch').post(`${at()}/dcloud/commit`, {})).rejects.toMatchObject({
      code: 'ADMINISTRATION_REFUSED',
      message: expect.stringContaining('it still needs the approval of AlderMSP, or CedarMSP'),
    });
    const seen = await as('alder').get(at());
    expect(seen.proposed).toMatchObject([{ proposer: 'BirchMSP', definition: proposed.definition }]);
    const approved = await as('alder').post(`${at()}/dcloud/approve`, { proposer: 'BirchMSP' });
    expect(approved).toMatchObject({ approvals: { AlderMSP: true, BirchMSP: true, CedarMSP: false }, missing: [[]] });
    const inForce = await as('alder').post(`${at()}/dcloud/commit`, {});
    expect(inForce).toMatchObject({ name: 'dcloud', sequence: sequence + 1 });
    expect(inForce.collections.map(({ name }: Loose) => name)).toContain('notes');
    expect((await as('cedar').get(at())).proposed).toEqual([]);
    const late = await as('cedar').post(`${at()}/dcloud/approve`, {});
    expect(late).toMatchObject({ definition: { sequence: sequence + 1 }, approvals: { CedarMSP: true } });
    // And it still answers.
    const rest = stage().as('cedar', 'admin');
    const { purposes } = await rest.call<Loose>('GET', '/purposes');
    await rest.call('PUT', '/purposes', {
      body: { purposes: [...purposes, { id: 'dpv:Counselling', label: 'Counselling' }] },
    });
  });

  test('a definition that nobody proposes cannot be approved, and a label must be one', async () => {
    await expect(as('cedar').post(`${at()}/dcloud/approve`, {})).rejects.toMatchObject({
      status: 422,
      message: expect.stringContaining('nobody proposes dcloud'),
    });
    await expect(as('cedar').post('/chaincodes/install', { label: '../x' })).rejects.toMatchObject({ status: 400 });
  });
}
