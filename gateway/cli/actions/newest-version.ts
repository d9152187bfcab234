import type { RestClient } from '../rest.ts';
import type { VersionView } from '../views.ts';

/** The id of a dataset's newest version. */
export async function newestVersion(rest: RestClient, dataset: string): Promise<string> {
  const { items } = await rest.call<{ items: VersionView[] }>('GET', `/datasets/${dataset}/versions?limit=1`);
  const [newest] = items;
  if (!newest) throw new Error(`${dataset} has no version yet`);
  return newest.id;
}
