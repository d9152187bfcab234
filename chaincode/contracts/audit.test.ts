import { describe, expect, test } from '@jest/globals';
import type { AuditedNode, Submits } from '../domain/index.ts';
import { alder, birch, idOf, photosV1, Story } from '../testing/story.ts';

const [first, second] = [idOf('stor', 'first'), idOf('stor', 'second')];
const found = (node: AuditedNode['node'], change: Partial<AuditedNode> = {}): AuditedNode => ({
  node,
  ok: 0,
  missing: 0,
  corrupt: 0,
  offline: 0,
  slow: 0,
  repaired: 0,
  ...change,
});
const bodyOf = (change: Partial<Submits['audit:record']['body']> = {}): Submits['audit:record']['body'] => ({
  id: idOf('audt', 'a'),
  version: photosV1,
  kind: 'audit',
  nodes: [found(first, { ok: 299, corrupt: 1 }), found(second, { offline: 12 })],
  ...change,
});

async function stored(): Promise<Story> {
  const story = await new Story().publications();
  for (const id of [first, second]) {
    const body = { id, host: 'h', disk: id, capacityBytes: '1' };
    await story.submit('storage-node:register', body, story.as(birch, 'operator'));
  }
  return story;
}

describe('an audit of a version', () => {
  test('is recorded with what each storage node gave, for every member to see', async () => {
    const story = await stored();
    const audit = await story.submit('audit:record', bodyOf(), story.as(alder));
    expect(audit).toMatchObject({ v: 1, owner: alder, version: photosV1, kind: 'audit', nodes: bodyOf().nodes });
    expect(story.events.at(-1)).toEqual({ kind: 'audit.recorded', audit });
    expect(await story.evaluate('audit:get', { id: audit.id }, story.identity(birch, 'gateway'))).toEqual(audit);
  });

  test('is the same record when it is sent again, and refused under an id that is taken', async () => {
    const story = await stored();
    const again = { ...story.as(alder), key: 'round-1' };
    const before = await story.submit('audit:record', bodyOf(), again);
    const events = story.events.length;
    expect(await story.submit('audit:record', bodyOf(), again)).toEqual(before);
    expect(story.events.length).toBe(events);
    await expect(story.submit('audit:record', bodyOf(), story.as(alder))).rejects.toThrow('RECORD_EXISTS');
  });

  const wrong: readonly [string, Partial<Submits['audit:record']['body']>, string][] = [
    ['of a version that is not there', { version: idOf('vers', 'none') }, 'VERSION_NOT_FOUND'],
    [
      'of a storage node that nobody registered',
      { nodes: [found(idOf('stor', 'x'), { ok: 1 })] },
      'STORAGE_NODE_NOT_FOUND',
    ],
    [
      'that names a storage node twice',
      { nodes: [found(first, { ok: 1 }), found(first, { ok: 1 })] },
      'RECORD_INVALID',
    ],
    ['that says nothing of a storage node', { nodes: [found(first)] }, 'RECORD_INVALID'],
    ['that names no storage node', { nodes: [] }, 'RECORD_INVALID'],
    ['that counts below nothing', { nodes: [found(first, { ok: -1 })] }, 'RECORD_INVALID'],
    ['that claims to have repaired', { nodes: [found(first, { repaired: 1 })] }, 'RECORD_INVALID'],
  ];
  test.each(wrong)('%s is refused', async (_, change, code) => {
    const story = await stored();
    await expect(story.submit('audit:record', bodyOf(change), story.as(alder))).rejects.toThrow(code);
  });

  test('is its owner’s alone, and a repair says what it put back', async () => {
    const story = await stored();
    await expect(story.submit('audit:record', bodyOf(), story.as(birch))).rejects.toThrow('CALLER_NOT_OWNER');
    await expect(story.submit('audit:record', bodyOf(), story.as(alder, 'data-team'))).rejects.toThrow('ROLE_MISSING');
    const repair = bodyOf({ kind: 'repair', nodes: [found(second, { repaired: 12 })] });
    expect(await story.submit('audit:record', repair, story.as(alder))).toMatchObject({ kind: 'repair' });
  });
});
