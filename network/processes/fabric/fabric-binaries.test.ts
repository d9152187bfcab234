import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { findFabric } from './fabric-binaries.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fabric-binaries-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** A program that says it is of a version, as Fabric's do. */
async function program(name: string, says: string): Promise<void> {
  await writeFile(join(directory, name), `#!/bin/sh\nprintf '%s' '${says}'\n`);
  await chmod(join(directory, name), 0o755);
}

async function release(peer: string, orderer = peer): Promise<void> {
  await program('peer', `peer:\n Version: ${peer}\n`);
  await program('orderer', `orderer:\n Version: ${orderer}\n`);
}

describe("Fabric's programs", () => {
  test('are found on the search path, with their generation', async () => {
    await release('v2.5.16');
    const found = await findFabric({ searchPath: `/nowhere:${directory}` });
    expect(found).toEqual({
      peer: join(directory, 'peer'),
      orderer: join(directory, 'orderer'),
      generation: '2.5',
      version: 'v2.5.16',
    });
  });

  test('are found in the configured directory and nowhere else', async () => {
    await release('v3.1.5');
    expect((await findFabric({ directory, searchPath: '' })).generation).toBe('3');
    await expect(findFabric({ directory: '/nowhere', searchPath: directory })).rejects.toThrow('in /nowhere');
  });

  test('of a build from source are told apart by what they know', async () => {
    await release('latest');
    expect((await findFabric({ directory, searchPath: '' })).generation).toBe('2.5');
    await program('peer', 'peer:\n Version: latest\n TimeWindowCheck\n');
    expect((await findFabric({ directory, searchPath: '' })).generation).toBe('3');
  });

  test('that are absent are told with where they are published', async () => {
    await expect(findFabric({ searchPath: directory })).rejects.toThrow(
      'There are no programs peer and orderer on PATH. Hyperledger Fabric publishes them at https://github.com/hyperledger/fabric/releases',
    );
    await program('peer', 'peer:\n Version: v2.5.16\n');
    await expect(findFabric({ searchPath: directory })).rejects.toThrow('There are no programs peer and orderer');
  });

  test('that are too old, of two releases, or of another project are refused', async () => {
    await release('v2.2.1');
    await expect(findFabric({ directory, searchPath: '' })).rejects.toThrow('is version v2.2.1; 2.5 or 3.1');
    await release('v2.5.16', 'v3.1.5');
    await expect(findFabric({ directory, searchPath: '' })).rejects.toThrow('take both of one release');
    await program('peer', 'hello');
    await expect(findFabric({ directory, searchPath: '' })).rejects.toThrow('is no program of Fabric');
  });
});
