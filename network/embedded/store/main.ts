import { Fault } from '../../ledger/fault.ts';
import { readConfig, startStorageNodes } from './index.ts';

/** The store process of one organization. Its only argument is the path of its JSON configuration; SIGTERM and SIGINT stop it. */
async function main(): Promise<void> {
  const path = process.argv[2];
  if (path === undefined) throw new Fault('misconfigured', 'say where the JSON configuration of the store is');
  await using store = await startStorageNodes(await readConfig(path));
  const stopped = Promise.withResolvers<void>();
  process.once('SIGTERM', () => stopped.resolve());
  process.once('SIGINT', () => stopped.resolve());
  console.log(JSON.stringify({ ready: true, nodes: store.nodes.map(({ id, address }) => ({ id, address })) }));
  const broken = await Promise.race([store.broken, stopped.promise]);
  if (broken !== undefined)
    throw new Fault('corrupt', 'the disk failed to sync; nothing written since is certain', { cause: broken });
}

main().catch((error: unknown) => {
  console.error(error instanceof Fault ? error.message : error);
  process.exitCode = 1;
});
