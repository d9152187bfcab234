import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { noise } from './sealed-version.ts';
import { seconds } from './seconds.ts';

const run = promisify(execFile);

/** MiB/s of `ipfs add` and `ipfs cat` of as many plain bytes, on a repository of its own without a daemon, every block synced as those of storage nodes are. */
export async function addAndCat(ipfs: string, directory: string, sizeBytes: number) {
  const home = join(directory, 'ipfs');
  const env = { PATH: '/usr/bin:/bin', HOME: directory, IPFS_PATH: home };
  await run(ipfs, ['init', '--profile', 'server'], { env });
  const config = join(home, 'config');
  await writeFile(config, (await readFile(config, 'utf8')).replace('"sync": false', '"sync": true'));
  const file = join(directory, 'plain');
  await pipeline(Readable.from(noise(sizeBytes, 2 ** 20)), createWriteStream(file));
  for await (const _ of createReadStream(file, { highWaterMark: 2 ** 22 })); // both begin with a warm page cache
  let cid = '';
  const add = await seconds(async () => {
    const words = ['add', '--offline', '--quieter', '--raw-leaves', '--chunker=size-1048576', file];
    cid = (await run(ipfs, words, { env, encoding: 'utf8' })).stdout.trim();
  });
  const cat = await seconds(async () => {
    const words = ['cat', '--offline', '--progress=false', cid];
    const [code] = await once(spawn(ipfs, words, { env, stdio: ['ignore', 'ignore', 'inherit'] }), 'exit');
    if (code !== 0) throw new Error(`ipfs cat ended with ${code}`);
  });
  return { add: sizeBytes / 2 ** 20 / add, cat: sizeBytes / 2 ** 20 / cat };
}
