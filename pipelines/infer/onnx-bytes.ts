// Writes small ONNX files byte by byte, hostile ones above all, for tests: no ONNX library would make them.

/** One field of a protobuf message. */
export function field(number: number, value: number | string | Uint8Array): Uint8Array {
  const varint = (left: number): number[] =>
    left < 128 ? [left] : [(left % 128) + 128, ...varint(Math.floor(left / 128))];
  if (typeof value === 'number') return Uint8Array.from([...varint(number * 8), ...varint(value)]);
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([Uint8Array.from([...varint(number * 8 + 2), ...varint(bytes.byteLength)]), bytes]);
}
export const message = (...fields: Uint8Array[]) => Buffer.concat(fields);
/** A node of a graph (NodeProto), as the graph's field. */
export const node = (operator: string, ...more: Uint8Array[]) => field(1, message(field(4, operator), ...more));
/** A model (ModelProto, IR 9, operator set 17) around a graph. */
export const model = (graph: Uint8Array, ...more: Uint8Array[]) =>
  message(field(1, 9), field(8, message(field(1, ''), field(2, 17))), field(7, graph), ...more);
