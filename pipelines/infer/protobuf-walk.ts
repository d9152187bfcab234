/** One field of a protobuf message: a number for varints (saturated at 2^53), the bytes for length-delimited ones. */
export interface ProtobufField {
  readonly number: number;
  readonly value: number | Uint8Array;
}

/** Walks the fields of one protobuf message without copying. Throws RangeError when the bytes are not well formed (wire types of proto3 only). */
export function* walkProtobuf(bytes: Uint8Array): Generator<ProtobufField> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError('a varint runs over the end');
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return Math.min(value, Number.MAX_SAFE_INTEGER);
    }
    throw new RangeError('a varint is too long');
  };
  const take = (length: number): Uint8Array => {
    if (length > bytes.byteLength - at) throw new RangeError('a field runs over the end');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.byteLength) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    if (number === 0) throw new RangeError('field number 0');
    switch (tag % 8) {
      case 0:
        yield { number, value: varint() };
        break;
      case 1:
        yield { number, value: take(8) };
        break;
      case 2:
        yield { number, value: take(varint()) };
        break;
      case 5:
        yield { number, value: take(4) };
        break;
      default:
        throw new RangeError(`wire type ${tag % 8}`);
    }
  }
}
