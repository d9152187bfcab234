import { expect, test } from '@jest/globals';
import { countsOn, definitionWithout, isSameWithout } from './definition-without.ts';

const collection = (name: string, members: readonly string[]) => ({
  ...{ name, members, requiredPeerCount: 0, maximumPeerCount: 1, blockToLive: 0 },
  ...{ memberOnlyRead: true, memberOnlyWrite: true },
});
const inForce = (endorsement: string, ...collections: ReturnType<typeof collection>[]) => ({
  ...{ name: 'dcloud', version: '1', sequence: 3, endorsement, collections },
});
const majority = '/Channel/Application/Endorsement';

test('an organization is taken out of the collections that it keeps with others', () => {
  const definition = inForce(
    majority,
    collection('catalogue', ['AMSP', 'BMSP', 'CMSP']),
    collection('notes', ['AMSP', 'BMSP']),
  );
  expect(countsOn(definition, 'CMSP')).toBe(true);
  expect(definitionWithout(definition, 'CMSP')).toEqual({
    name: 'dcloud',
    version: '1',
    endorsement: { kind: 'channel-policy', path: majority },
    collections: [collection('catalogue', ['AMSP', 'BMSP']), collection('notes', ['AMSP', 'BMSP'])],
  });
});

test('a collection that it keeps alone stays: Fabric keeps collections for ever', () => {
  const definition = inForce(majority, collection('own', ['CMSP']));
  expect(countsOn(definition, 'CMSP')).toBe(false);
});

test('a definition that asks other organizations by name is agreed upon with the same policy', () => {
  const rule = "AND('AMSP.peer','BMSP.peer')";
  const definition = inForce(rule, collection('catalogue', ['AMSP', 'CMSP']));
  expect(definitionWithout(definition, 'CMSP')).toMatchObject({ endorsement: { kind: 'signatures', rule } });
});

test('what to ask for instead of an organization that the policy names is not guessed', () => {
  const definition = inForce("AND('AMSP.peer','CMSP.peer')");
  expect(countsOn(definition, 'CMSP')).toBe(true);
  expect(countsOn(definition, 'MSP')).toBe(false);
  expect(() => definitionWithout(definition, 'CMSP')).toThrow(
    "the endorsement policy of dcloud, AND('AMSP.peer','CMSP.peer'), names CMSP: agree on another one first",
  );
});

test('what is in force counts as approved before where only the organization was taken out of it', () => {
  const before = inForce(majority, collection('catalogue', ['AMSP', 'BMSP', 'CMSP']));
  const now = { ...inForce(majority, collection('catalogue', ['AMSP', 'BMSP'])), sequence: 4 };
  expect(isSameWithout(before, now, 'CMSP')).toBe(true);
  expect(isSameWithout(before, { ...now, version: '2' }, 'CMSP')).toBe(false);
  expect(isSameWithout(now, now, 'CMSP')).toBe(false);
});

test('what was approved with the organization in its policy is no word for another policy, and stops nothing', () => {
  const before = inForce("AND('AMSP.peer','CMSP.peer')", collection('catalogue', ['AMSP', 'CMSP']));
  const now = inForce("AND('AMSP.peer','BMSP.peer')", collection('catalogue', ['AMSP']));
  expect(isSameWithout(before, now, 'CMSP')).toBe(false);
  expect(isSameWithout(now, before, 'CMSP')).toBe(false);
});
