import type { LineageView } from '../views.ts';

/** A lineage as lines: each version with what made it, and for each its transaction and block. */
export function lineageText({ version, direction, items, versions, jobs, models }: LineageView): string {
  const at = ({ block, transaction }: { block: number; transaction: string }) =>
    `block ${block}, transaction ${transaction}`;
  const nameOf = (id: string) => {
    const known = versions.find((one) => one.id === id);
    return known ? `${known.title ?? known.id} (version ${known.number}, ${known.rows} rows, ${known.owner})` : id;
  };
  const place = (id: string) => {
    const known = versions.find((one) => one.id === id);
    return known ? at(known.ledger) : '';
  };
  const lines = [`${nameOf(version)}`, `  ${version} · ${place(version)}`];
  for (const { child, parent, job, model, block, transaction, distance } of items) {
    const indent = '  '.repeat(distance);
    const madeBy = jobs.find(({ id }) => id === job);
    const ran = models.find(({ name }) => name === model);
    const other = direction === 'upstream' ? parent : child;
    if (madeBy) lines.push(`${indent}└ job ${madeBy.id} for ${madeBy.purpose} · ${at(madeBy.ledger)}`);
    if (ran)
      lines.push(
        `${indent}  model ${ran.title} (${ran.name.split(':').at(-1)}) sha256 ${ran.digest.slice(0, 16)}… · ${at(ran.ledger)}`,
      );
    lines.push(
      `${indent}  ${direction === 'upstream' ? 'from' : 'to'} ${nameOf(other)} · ${place(other) || at({ block, transaction })}`,
    );
  }
  return lines.join('\n');
}
