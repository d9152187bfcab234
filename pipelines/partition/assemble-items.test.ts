import { describe, expect, test } from '@jest/globals';
import type { ItemRow } from '../ingest/index.ts';
import { ItemAssembly } from './assemble-items.ts';

const row = (text: string, part: number, parts: number): ItemRow => ({
  name: 'item',
  media_type: 'text/plain',
  bytes: new Uint8Array(Buffer.from(text)),
  attributes: '{}',
  item: 0,
  part,
  parts,
});

/** What rows lead to, one word each: the bytes of a whole item, or what is said instead. */
function told(itemBytes: number, rows: readonly ItemRow[]): string[] {
  const assembly = new ItemAssembly(itemBytes);
  return rows.map((one) => {
    const assembled = assembly.add(one);
    if (assembled.kind === 'whole') return Buffer.from(assembled.item.bytes).toString();
    return assembled.kind === 'failed' ? (assembled.reason.split(':')[0] as string) : assembled.kind;
  });
}

describe('items from rows', () => {
  test('are whole at once where a row holds one, and at the last of their part rows', () => {
    expect(told(100, [row('one', 0, 1), row('lar', 0, 0), row('ge', 1, 2), row('two', 0, 1)])).toEqual([
      'one',
      'part',
      'large',
      'two',
    ]);
  });

  test('do not change when the segment that a part lay in is let go', () => {
    const assembly = new ItemAssembly(100);
    const first = row('abc', 0, 0);
    assembly.add(first);
    first.bytes.fill(0);
    const whole = assembly.add(row('def', 1, 2));
    expect(whole.kind === 'whole' && Buffer.from(whole.item.bytes).toString()).toBe('abcdef');
  });

  test('fail when they are larger than what is held of one, and leave nothing behind for the next', () => {
    const rows = [row('aaa', 0, 0), row('bbb', 1, 0), row('ccc', 2, 3), row('dd', 0, 0), row('ee', 1, 2)];
    expect(told(5, rows)).toEqual(['part', 'part', 'TOO_LARGE', 'part', 'ddee']);
  });

  test('fail when they began in another partition, or a part is missing', () => {
    expect(told(100, [row('tail', 2, 3), row('one', 0, 1)])).toEqual(['TOO_LARGE', 'one']);
    expect(told(100, [row('a', 0, 0), row('c', 2, 3)])).toEqual(['part', 'TOO_LARGE']);
  });

  test('never take the parts of one for those of the next', () => {
    expect(told(100, [row('a', 0, 0), row('b', 0, 0), row('c', 1, 2)])).toEqual(['part', 'part', 'bc']);
  });
});
