import { SealThreads } from '@d-cloud/pipelines/seal';
import { compared, type Figure, quantile } from './figure.ts';
import { open, publish } from './sealed-version.ts';
import { seconds } from './seconds.ts';
import { type Misbehaviour, startEmbedded } from './stores.ts';

const sizeBytes = 64 * 2 ** 20;
const rounds = 7;
const troubles: readonly { readonly name: string; readonly how: Misbehaviour }[] = [
  { name: 'at 1 KB/s', how: 'mode=slow&bytes-per-second=1000' },
  { name: 'that never answers', how: 'mode=silent' },
];

/**
 * Opening 64 MiB with one of seven storage nodes in trouble beside opening it with none, each time over connections of which nothing is known yet,
 * in alternating rounds. Another node is in trouble each round, those of data fragments and of parity alike.
 */
export async function slowNode(directory: string): Promise<readonly Figure[]> {
  await using stores = await startEmbedded(directory, 'slow');
  await using threads = new SealThreads(1);
  const manifest = await publish(stores.blocks, threads, sizeBytes);
  const opening = async () => {
    await using reached = stores.reached();
    return await seconds(() => open(reached.blocks, threads, manifest));
  };
  await opening();
  const usual: number[] = [];
  const troubled = troubles.map(() => [] as number[]);
  for (let round = 0; round < rounds; round++) {
    usual.push(await opening());
    for (const [at, { how }] of troubles.entries()) {
      await stores.misbehave(round % 7, how);
      troubled[at]!.push(await opening());
      await stores.misbehave(round % 7, 'mode=none');
    }
  }
  const bar = { says: '≤ 1.5 ×', holds: (ratio: number) => ratio <= 1.5 };
  return troubles.map(({ name }, at) =>
    compared(
      `opening 64 MiB with one of seven storage nodes ${name}`,
      's',
      quantile(troubled[at]!, 0.5),
      { name: 'with none in trouble', value: quantile(usual, 0.5) },
      bar,
    ),
  );
}
