import { beforeAll, describe, expect, test } from '@jest/globals';
import { EngineWorld } from '../testing/engine-world.ts';
import type { ChannelConfig } from './channel-config.ts';
import type { Identity } from './identity.ts';
import { isLowS } from './signature.ts';

let world: EngineWorld;
let config: ChannelConfig;
beforeAll(async () => {
  world = await EngineWorld.found();
  config = world.config();
});
const identity = (name: `${'A' | 'B' | 'C'}.${string}`): Identity =>
  config.identities.read(world.signer(name).identity)!;
const holds = (path: string, ...names: `${'A' | 'B' | 'C'}.${string}`[]): boolean =>
  config.policies.at(path).satisfiedBy(names.map(identity));

describe("the policies of a channel's configuration", () => {
  test('MAJORITY of three is two, by peers alone', () => {
    const path = '/Channel/Application/Endorsement';
    expect(holds(path, 'A.peer', 'C.peer')).toBe(true);
    expect(holds(path, 'A.peer')).toBe(false);
    expect(holds(path, 'A.peer', 'B.gateway')).toBe(false);
    expect(config.policies.at(path).refusal([identity('A.peer')])).toBe(
      "implicit policy evaluation failed - 1 sub-policies were satisfied, but this policy requires 2 of the 'Endorsement' sub-policies to be satisfied",
    );
  });

  test('ANY is one; peers read but do not write', () => {
    expect(holds('/Channel/Application/Readers', 'B.peer')).toBe(true);
    expect(holds('/Channel/Application/Writers', 'B.peer')).toBe(false);
    expect(holds('/Channel/Writers', 'C.gateway')).toBe(true);
    expect(holds('/Channel/Application/Admins', 'A.admin', 'B.admin')).toBe(true);
    expect(holds('/Channel/Application/Admins', 'A.admin', 'B.peer')).toBe(false);
  });

  test('a name that no policy bears is satisfied by nobody', () => {
    expect(holds('/Channel/Application/Nope', 'A.admin', 'B.admin', 'C.admin')).toBe(false);
  });
});

describe('identities', () => {
  test('have the role of their node OU and no other', () => {
    expect([...identity('A.peer').roles]).toEqual(['peer']);
    expect([...identity('A.orderer').roles]).toEqual(['orderer']);
    expect([...identity('B.gateway').roles]).toEqual(['client']);
  });

  test('sign low, and what they signed is told from what they did not', () => {
    const signer = world.signer('A.peer');
    for (let i = 0; i < 200; i++) {
      const bytes = Buffer.from(`message ${i}`);
      const signature = signer.sign(bytes);
      expect(isLowS(signature)).toBe(true);
      expect(config.identities.signer(signer.identity, bytes, signature)?.mspId).toBe('A');
      expect(config.identities.signer(signer.identity, Buffer.from('other'), signature)).toBeUndefined();
    }
  });

  test('that are garbage are nobody', () => {
    expect(config.identities.read(Buffer.from('garbage'))).toBeUndefined();
    expect(config.identities.read(Buffer.alloc(0))).toBeUndefined();
  });
});
