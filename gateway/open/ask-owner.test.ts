import { type AccessId, type MspId, Refusal } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { describe, expect, test } from '@jest/globals';
import { askOwner } from './ask-owner.ts';

const owner = { organization: 'AlderMSP' as MspId, address: 'https://alder.example:1' };
const released = { releases: [{ epoch: 1, release: {} }] };

/** Answers one after the other; an error is thrown. */
function peers(...answers: unknown[]) {
  const asked = { times: 0 };
  const send = async () => {
    const answer = answers[asked.times++];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { asked, ask: () => askOwner({ send }, owner, 'accs_a' as AccessId, AbortSignal.timeout(5_000)) };
}

describe('the owner is asked for keys', () => {
  test('again while its peer has not read the access, which is then not there for it', async () => {
    const { asked, ask } = peers(
      new Fault('unavailable', 'There is no such thing here, or not for you.', { retryable: false }),
      released,
    );
    await expect(ask()).resolves.toEqual({ epoch: 1, release: {} });
    expect(asked.times).toBe(2);
  });

  test('once when it refuses', async () => {
    const { asked, ask } = peers(new Refusal('GRANT_REVOKED', 'it is revoked'), released);
    await expect(ask()).rejects.toMatchObject({ code: 'GRANT_REVOKED' });
    expect(asked.times).toBe(1);
  });

  test('once when what it answers is no release', async () => {
    const { asked, ask } = peers({ releases: [] }, released);
    await expect(ask()).rejects.toMatchObject({ name: 'Fault', kind: 'corrupt' });
    expect(asked.times).toBe(1);
  });
});
