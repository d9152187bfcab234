import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import { KeyEndorsementPolicy } from '../fabric.ts';
import { encodeKeyPolicy, ownerAndOneOther, requesterAndOneExecutor } from './endorsement.ts';
import type { MspId } from './ids.ts';

const load = createRequire(import.meta.url);
const protos = createRequire(load.resolve('fabric-shim'))('@hyperledger/fabric-protos') as {
  common: {
    SignaturePolicyEnvelope: {
      deserializeBinary(bytes: Uint8Array): { toObject(): unknown; serializeBinary(): Uint8Array };
    };
  };
};
const [a, b, c] = ['AlderMSP', 'BirchMSP', 'CedarMSP'] as [MspId, MspId, MspId];

describe('a key-level policy', () => {
  test("of an owner's record names the owner and one other member", () => {
    expect(ownerAndOneOther(b, [a, b, c])).toEqual({ first: b, second: [a, c] });
  });

  test('of a lone member names that member', () => {
    expect(ownerAndOneOther(a, [a])).toEqual({ first: a, second: [] });
    expect(new KeyEndorsementPolicy(Buffer.from(encodeKeyPolicy({ first: a, second: [] }))).listOrgs()).toEqual([a]);
  });

  test('of a job names the requester and one executor', () => {
    expect(requesterAndOneExecutor({ requester: b, executors: [a, c] }, [a, b, c])).toEqual({
      first: b,
      second: [a, c],
    });
  });

  test('of a job that its requester executes names any other member as the second', () => {
    expect(requesterAndOneExecutor({ requester: b, executors: [b] }, [a, b, c])).toEqual({ first: b, second: [a, c] });
  });

  test('is the envelope that Fabric writes: two of the first and any of the second, by their peers', () => {
    const bytes = encodeKeyPolicy({ first: b, second: [c, a] });
    const envelope = protos.common.SignaturePolicyEnvelope.deserializeBinary(bytes);
    expect(Buffer.from(envelope.serializeBinary()).equals(Buffer.from(bytes))).toBe(true);
    const signedBy = (signedBy: number) => expect.objectContaining({ signedBy });
    expect(envelope.toObject()).toMatchObject({
      version: 0,
      rule: {
        nOutOf: { n: 2, rulesList: [signedBy(0), { nOutOf: { n: 1, rulesList: [signedBy(1), signedBy(2)] } }] },
      },
    });
    const read = new KeyEndorsementPolicy(Buffer.from(bytes)) as unknown as { orgs: Record<string, number> };
    // 3 is MSPRole.PEER.
    expect(read.orgs).toEqual({ BirchMSP: 3, AlderMSP: 3, CedarMSP: 3 });
  });
});
