import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MemoryStorage } from '../testing/memory-storage.ts';
import { AlteredRecord, RecordLog } from './record-log.ts';

const open = async (storage: MemoryStorage): Promise<{ records: string[]; tornBytes: number }> => {
  const records: string[] = [];
  const { tornBytes } = await RecordLog.open(await storage.open('log'), (record) => records.push(record.toString()));
  return { records, tornBytes };
};

async function written(records: readonly string[]): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  const { records: log } = await RecordLog.open(await storage.open('log'), () => {});
  for (const record of records) await log.append(Buffer.from(record));
  return storage;
}

const texts = fc.array(fc.string({ minLength: 1, maxLength: 50 }), { minLength: 1, maxLength: 6 });

describe('a log of records', () => {
  test('cut anywhere, keeps every record that was whole', async () => {
    await fc.assert(
      fc.asyncProperty(texts, fc.nat(), async (records, cut) => {
        const storage = await written(records);
        const bytes = storage.files.get('log')!;
        const length = cut % (bytes.length + 1);
        storage.files.set('log', bytes.subarray(0, length));
        let whole = 0;
        for (let at = 0; whole < records.length; whole++) {
          at += 8 + Buffer.byteLength(records[whole]!);
          if (at > length) break;
        }
        expect((await open(storage)).records).toEqual(records.slice(0, whole));
        expect((await open(storage)).tornBytes).toBe(0);
      }),
      { numRuns: 1000, seed: 5 },
    );
  });

  test('with a record altered is refused, naming the first that does not fit', async () => {
    await fc.assert(
      fc.asyncProperty(texts, fc.nat(), async (records, which) => {
        const storage = await written(records);
        const bytes = Buffer.from(storage.files.get('log')!);
        const altered = which % records.length;
        const start = records.slice(0, altered).reduce((at, record) => at + 8 + Buffer.byteLength(record), 0);
        bytes[start + 8]! ^= 1;
        storage.files.set('log', bytes);
        const error = await open(storage).catch((cause: unknown) => cause);
        expect(error).toBeInstanceOf(AlteredRecord);
        expect((error as AlteredRecord).index).toBe(altered);
      }),
      { numRuns: 500, seed: 5 },
    );
  });

  test('whose length was altered in the middle is not taken for torn', async () => {
    const storage = await written(['first', 'second', 'third']);
    const bytes = Buffer.from(storage.files.get('log')!);
    bytes.writeUInt32LE(1 << 30, 13);
    storage.files.set('log', bytes);
    await expect(open(storage)).rejects.toThrow('record 1 is altered');
  });

  test('that ends in zeros, as after a lost write, is cut off there', async () => {
    const storage = await written(['first']);
    storage.files.set('log', Buffer.concat([storage.files.get('log')!, Buffer.alloc(500)]));
    expect(await open(storage)).toEqual({ records: ['first'], tornBytes: 500 });
  });
});
