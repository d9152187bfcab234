import type { ReadModel } from '../projection/index.ts';
import type { ListFilter, RecordKind, RecordKinds } from '../projection/read-model.ts';

/** Every record of a list, oldest first, page by page. For lists that are short by nature: nodes, a job's partitions, open jobs. */
export function listAll<K extends RecordKind>(
  readModel: Pick<ReadModel, 'list'>,
  kind: K,
  filter: ListFilter = {},
): readonly RecordKinds[K][] {
  const records: RecordKinds[K][] = [];
  let cursor: string | undefined;
  do {
    const page = readModel.list(kind, { everything: true, ...filter }, { cursor, limit: 200, order: 'oldest' });
    records.push(...page.items.map(({ record }) => record));
    cursor = page.next;
  } while (cursor !== undefined);
  return records;
}
