import { type Data, DataType } from 'apache-arrow';

/** Checks that every offset, index and length of a column stays inside its buffers, which apache-arrow takes on trust. Throws RangeError. */
export function checkData(data: Data): void {
  const { type, length } = data;
  if (data.nullCount > 0 && data.nullBitmap.byteLength * 8 < length) fail('a validity map is too short');
  if (DataType.isNull(type)) return;
  if (DataType.isUtf8(type) || DataType.isBinary(type) || DataType.isLargeUtf8(type) || DataType.isLargeBinary(type)) {
    checkOffsets(data.valueOffsets, length, data.values.byteLength);
  } else if (DataType.isList(type) || DataType.isMap(type)) {
    checkOffsets(data.valueOffsets, length, child(data, 0).length);
    checkData(child(data, 0));
  } else if (DataType.isFixedSizeList(type)) {
    if (child(data, 0).length < length * type.listSize) fail('a list is too short');
    checkData(child(data, 0));
  } else if (DataType.isStruct(type)) {
    for (const field of data.children as Data[]) {
      if (field.length < length) fail('a field is too short');
      checkData(field);
    }
  } else if (DataType.isDictionary(type)) {
    checkIndices(data);
  } else if (DataType.isBool(type)) {
    if (data.values.byteLength * 8 < length) fail('a column is too short');
  } else if (isPlain(type)) {
    if (data.values.length < length * data.stride) fail('a column is too short');
  } else {
    throw new UnsupportedType(String(type));
  }
}

/** A type that we do not check, and so do not take. */
export class UnsupportedType extends Error {
  override readonly name = 'UnsupportedType';
}

function checkOffsets(offsets: Int32Array | BigInt64Array, length: number, end: number): void {
  if (offsets.length < length + 1) fail('a column has too few offsets');
  let last = Number(offsets[0]);
  if (last < 0) fail('an offset is negative');
  for (let row = 1; row <= length; row++) {
    const offset = Number(offsets[row]);
    if (offset < last || offset > end) fail('an offset is out of order');
    last = offset;
  }
}

function checkIndices(data: Data): void {
  const { dictionary, values, length } = data;
  if (dictionary === undefined || values.length < length) fail('a dictionary column is too short');
  const size = dictionary?.length ?? 0;
  for (let row = 0; row < length; row++) {
    const index = Number(values[row]);
    if (data.getValid(row) && (index < 0 || index >= size)) fail('an index is not in its dictionary');
  }
  for (const part of dictionary?.data ?? []) checkData(part);
}

function isPlain(type: DataType): boolean {
  const plain = [
    DataType.isInt,
    DataType.isFloat,
    DataType.isDecimal,
    DataType.isDate,
    DataType.isTime,
    DataType.isTimestamp,
    DataType.isInterval,
    DataType.isDuration,
    DataType.isFixedSizeBinary,
  ];
  return plain.some((is) => is(type));
}

function child(data: Data, index: number): Data {
  return (data.children[index] as Data | undefined) ?? fail('a list has no values');
}

function fail(what: string): never {
  throw new RangeError(what);
}
