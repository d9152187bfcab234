import type { FlatTable } from './flatbuffer.ts';

const limits = { fields: 10_000, depth: 32, metadata: 10_000 };
const littleEndian = 0;
/** Arrow's Type union, up to Utf8View and ListView (format/Schema.fbs). */
const types = 26;
const union = 14;

/**
 * Checks the lengths of a schema's vectors and how deep its fields nest (format/Schema.fbs), because readers follow them without a bound: one wrong byte keeps apache-arrow busy for minutes.
 * Throws RangeError.
 */
export function checkSchema(schema: FlatTable): void {
  if (schema.int16(0) !== littleEndian) throw new RangeError('the values are big-endian');
  checkMetadata(schema, 2);
  schema.vectorLength(3, 8);
  let left = limits.fields;
  const pending = schema.tables(1, left).map((field) => ({ field, depth: 0 }));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { field, depth } = next;
    left--;
    if (left < 0 || depth > limits.depth) throw new RangeError('the schema is too large or nested too deep');
    field.vectorLength(0, 1);
    checkType(field);
    checkMetadata(field, 6);
    for (const child of field.tables(5, left)) pending.push({ field: child, depth: depth + 1 });
  }
}

function checkType(field: FlatTable): void {
  const kind = field.uint8(2);
  const type = field.table(3);
  if (kind === 0 || kind > types || type === undefined) throw new RangeError('a field without a type');
  if (kind === union) type.vectorLength(1, 4);
  const dictionary = field.table(4);
  dictionary?.size(0);
  dictionary?.table(1);
}

function checkMetadata(table: FlatTable, field: number): void {
  for (const pair of table.tables(field, limits.metadata)) {
    pair.vectorLength(0, 1);
    pair.vectorLength(1, 1);
  }
}
