import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ModelVersionName, VersionId } from '@d-cloud/chaincode/domain';
import { Rejection } from '../http/problem.ts';
import { readCursor, writeCursor } from './cursor.ts';
import type { LineageEdge, Page, PageRequest } from './read-model.ts';

/** Edges one question may walk; wider graphs are asked with less depth, or from another version. */
const maxEdges = 10_000;

export type LineageQuestion = PageRequest & { readonly direction: 'upstream' | 'downstream'; readonly depth: number };

/**
 * Walks lineage breadth first, each version once, nearest edges first. A page's cursor is its place in that order.
 * Throws `Rejection` BODY_TOO_LARGE past `maxEdges`.
 */
export function walkLineage(
  db: DatabaseSync,
  block: number,
  version: VersionId,
  question: LineageQuestion,
): Page<LineageEdge> {
  const { direction, depth, cursor, limit = 50 } = question;
  const list = ['lineage', version, direction, depth];
  const from = cursor === undefined ? 0 : readCursor(list, cursor);
  const upstream = direction === 'upstream';
  const step = db.prepare(`SELECT child, parent, job, model, block, transaction_id FROM edge
    WHERE ${upstream ? 'child' : 'parent'} = ? ORDER BY block, rowid`);
  const enough = from + limit;
  const edges: LineageEdge[] = [];
  const seen = new Set<string>([version]);
  let frontier: string[] = [version];
  for (let distance = 1; distance <= depth && frontier.length > 0; distance++) {
    const next: string[] = [];
    for (const row of rowsOf(step, frontier)) {
      edges.push(edgeFrom(row, distance));
      if (edges.length > maxEdges)
        throw new Rejection('BODY_TOO_LARGE', 'This lineage is too wide: ask with less depth.');
      if (edges.length > enough) break;
      const further = String(upstream ? row.parent : row.child);
      if (!seen.has(further)) {
        seen.add(further);
        next.push(further);
      }
    }
    frontier = edges.length > enough ? [] : next;
  }
  const items = edges.slice(from, from + limit);
  return edges.length > from + limit ? { items, next: writeCursor(list, from + limit), block } : { items, block };
}

function* rowsOf(step: StatementSync, versions: readonly string[]): Generator<Record<string, unknown>> {
  for (const version of versions) yield* step.iterate(version);
}

function edgeFrom(row: Record<string, unknown>, distance: number): LineageEdge {
  return {
    child: row.child as VersionId,
    parent: row.parent as VersionId,
    ...(typeof row.job === 'string' && { job: row.job }),
    ...(typeof row.model === 'string' && { model: row.model as ModelVersionName }),
    block: Number(row.block),
    transaction: String(row.transaction_id),
    distance,
  };
}
