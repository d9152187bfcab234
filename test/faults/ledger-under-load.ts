import { type DatasetView, Problem } from '@d-cloud/gateway/cli';
import { expect, test } from '@jest/globals';
import type { Network } from '../support/network.ts';
import { allHaveRead, registerDataset } from '../support/stories.ts';
import { until } from '../support/until.ts';

const writers = 12;
const each = 10;

/** Programs that every write goes through die while many write: what was acknowledged is there, and nothing is there twice. */
export function killsUnderLoad(network: () => Network): void {
  test.each(['ledger', 'chaincode'])(
    'the %s killed under load: everything acknowledged is there, once',
    async (process) => {
      const acknowledged = new Map<string, string>();
      const killed = Promise.withResolvers<void>();
      const write = async (writer: number): Promise<void> => {
        const name = (['alder', 'birch', 'cedar'] as const)[writer % 3]!;
        for (let at = 0; at < each; at++) {
          const title = `Under load ${process} ${writer} ${at}`;
          const ask = () => registerDataset(network().as(name), { title }, title.replaceAll(' ', '-'));
          const { id, ledger } = await until(`${title} to be acknowledged`, () =>
            ask().catch((error: unknown) => {
              // Whoever is refused for good would never be answered: that must not look like patience.
              if (error instanceof Problem && error.status < 500 && !error.retryable)
                throw new Error('refused', { cause: error });
              return undefined;
            }),
          );
          expect(ledger.transaction).toMatch(/^[0-9a-f]{64}$/);
          acknowledged.set(title, id);
          if (acknowledged.size === writers) killed.resolve(network().kill(process));
        }
      };
      await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
      await killed.promise;
      expect(acknowledged.size).toBe(writers * each);
      const { block } = await network().as('alder').call<{ block: number }>('GET', '/datasets?limit=1');
      await allHaveRead(network(), block);
      // Cards that could not be had while the ledger was away are asked for again.
      const query = encodeURIComponent(`under load ${process}`);
      const found = await until(
        'birch to find them all',
        async () => {
          const all = await Array.fromAsync(
            network().as('birch').list<DatasetView>(`/datasets?query=${query}&limit=200`),
          );
          return all.length >= acknowledged.size && all;
        },
        30_000,
      );
      expect(found).toHaveLength(acknowledged.size);
      expect(new Map(found.map(({ card, id }) => [card?.title, id]))).toEqual(acknowledged);
    },
    240_000,
  );
}
