import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { build, detect, release } from './builder.ts';
import { chaincodeDirectoryVariable } from './peer-config.ts';

let directory: string;
const at = (...parts: string[]) => join(directory, ...parts);
const metadata = (type: string, label = 'probe_1') =>
  writeFile(at('metadata', 'metadata.json'), JSON.stringify({ path: '', type, label }));

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'builder-'));
  for (const name of ['metadata', 'output', 'release', 'own']) await mkdir(at(name));
  process.env[chaincodeDirectoryVariable] = at('own');
});
afterEach(async () => {
  delete process.env[chaincodeDirectoryVariable];
  await rm(directory, { recursive: true });
});

describe('the external builder', () => {
  test('takes chaincode that is a service and leaves the rest to others', async () => {
    await metadata('ccaas');
    expect(detect(at('source'), at('metadata'))).toBe(0);
    await metadata('golang');
    expect(detect(at('source'), at('metadata'))).toBe(1);
  });

  test("connects to the service as the peer's own directory says, whatever the package says, and keeps the key to itself", async () => {
    await metadata('ccaas');
    await writeFile(at('own', 'probe_1.json'), '{"address":"127.0.0.1:1","client_key":"secret"}');
    expect(build(at('source'), at('metadata'), at('output'))).toBe(0);
    expect(release(at('output'), at('release'))).toBe(0);
    const connection = at('release', 'chaincode', 'server', 'connection.json');
    expect(JSON.parse(await readFile(connection, 'utf8'))).toMatchObject({ address: '127.0.0.1:1' });
    expect((await stat(connection)).mode & 0o077).toBe(0);
  });

  test('does not leave its directory for a label that is a path', async () => {
    await metadata('ccaas', '../own/probe_1');
    build(at('source'), at('metadata'), at('output'));
    expect(release(at('output'), at('release'))).toBe(1);
  });
});
