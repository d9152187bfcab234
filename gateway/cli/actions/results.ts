import { nearest } from '@d-cloud/pipelines/infer';
import { tableFromIPC } from 'apache-arrow';
import { table } from '../output.ts';
import type { RestClient } from '../rest.ts';

/** A job's result rows, read from the Arrow stream that came, with the stream's own bytes. */
export type Results = { readonly arrow: Uint8Array; readonly rows: readonly ResultView[] };

export type ResultView = {
  readonly item: string;
  readonly status: string;
  readonly reason?: string;
  readonly label?: string;
  readonly score?: number;
  readonly embedding?: Float32Array;
};

/** Fetches a job's results as an Arrow stream. */
export async function fetchResults(rest: RestClient, job: string): Promise<Results> {
  const response = await rest.open('GET', `/jobs/${job}/results`, { accept: 'application/vnd.apache.arrow.stream' });
  const arrow = new Uint8Array(await response.arrayBuffer());
  const columns = tableFromIPC(arrow);
  const column = (name: string) => columns.getChild(name);
  const [item, status, reason, label, score, embedding] = [
    'item',
    'status',
    'reason',
    'label',
    'score',
    'embedding',
  ].map(column);
  const rows = Array.from({ length: columns.numRows }, (_, row): ResultView => {
    const vector = embedding?.get(row);
    return {
      item: String(item?.get(row)),
      status: String(status?.get(row)),
      ...(reason?.get(row) != null && { reason: String(reason.get(row)) }),
      ...(label?.get(row) != null && { label: String(label.get(row)), score: Number(score?.get(row)) }),
      ...(vector != null && { embedding: Float32Array.from(vector.toArray()) }),
    };
  });
  return { arrow, rows };
}

const shown = 8;

/** A small table for a person: photograph → label with score, document → nearest document. Failed rows are always shown. */
export function resultsTable({ rows }: Results): string {
  const isText = rows.some(({ embedding }) => embedding);
  const vectors = rows.map(({ embedding }) => embedding);
  const line = ({ item, status, reason, label, score, embedding }: ResultView, at: number): string[] => {
    if (status === 'failed') return [item, `failed: ${reason ?? ''}`, ''];
    if (!embedding) return [item, label ?? '', score?.toFixed(3) ?? ''];
    const [best] = nearest(vectors, embedding, 1, at);
    return [item, best ? (rows[best.index]?.item ?? '') : '', best?.score.toFixed(3) ?? ''];
  };
  const numbered = rows.map((row, at) => ({ row, at }));
  const failed = numbered.filter(({ row }) => row.status === 'failed');
  const fine = numbered.filter(({ row }) => row.status === 'ok');
  const text = table(
    isText ? ['document', 'nearest document', 'cosine'] : ['photograph', 'label', 'score'],
    [...fine.slice(0, shown), ...failed.slice(0, shown)].map(({ row, at }) => line(row, at)),
  );
  const more = fine.length - shown;
  return more > 0 ? `${text}\n… and ${more} more` : text;
}
