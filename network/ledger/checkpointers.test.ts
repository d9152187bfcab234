import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkpointers } from '@hyperledger/fabric-gateway';
import { expect, test } from '@jest/globals';

test('offsets are not kept by the file checkpointer of fabric-gateway: an emptied file is no checkpoint to it, and events would be lost in silence', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'checkpoint-'));
  try {
    const file = join(directory, 'checkpoint');
    const kept = await checkpointers.file(file);
    await kept.checkpointBlock(41n);
    expect((await checkpointers.file(file)).getBlockNumber()).toBe(42n);
    // As a crash of the machine leaves it, because nothing was synced.
    await writeFile(file, '');
    expect((await checkpointers.file(file)).getBlockNumber()).toBeUndefined();
  } finally {
    await rm(directory, { recursive: true });
  }
  const source = fileURLToPath(new URL('../../', import.meta.url));
  const names = (await readdir(source, { recursive: true })).filter(
    (name) => name.endsWith('.ts') && !/node_modules|^dist|[.]d[.]ts$|[.]test[.]ts$/.test(name),
  );
  expect(names.length).toBeGreaterThan(150);
  const using: string[] = [];
  for (const name of names) if (/checkpointers/.test(await readFile(join(source, name), 'utf8'))) using.push(name);
  expect(using).toEqual([]);
});
