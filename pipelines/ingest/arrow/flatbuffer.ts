/** A table inside a flatbuffer, read with every offset checked, so that bytes from strangers can neither loop nor reach outside. */
export class FlatTable {
  readonly #view: DataView;
  readonly #at: number;
  readonly #fields: number;
  readonly #fieldsEnd: number;

  private constructor(view: DataView, at: number) {
    this.#view = view;
    this.#at = at;
    this.#fields = at - view.getInt32(at, true);
    this.#fieldsEnd = this.#fields + view.getUint16(this.#fields, true);
  }

  /** The root table. Throws RangeError, as every method here does, where an offset points outside. */
  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new FlatTable(view, view.getUint32(0, true));
  }

  uint8(field: number): number {
    const at = this.#find(field);
    return at === undefined ? 0 : this.#view.getUint8(at);
  }

  int16(field: number): number {
    const at = this.#find(field);
    return at === undefined ? 0 : this.#view.getInt16(at, true);
  }

  /** A 64-bit integer that must be between 0 and 2^53. */
  size(field: number): number {
    const at = this.#find(field);
    return at === undefined ? 0 : sizeAt(this.#view, at);
  }

  has(field: number): boolean {
    return this.#find(field) !== undefined;
  }

  table(field: number): FlatTable | undefined {
    const at = this.#find(field);
    return at === undefined ? undefined : new FlatTable(this.#view, at + this.#view.getUint32(at, true));
  }

  /** A vector of structs of two 64-bit sizes each (Arrow's Buffer and FieldNode). */
  pairs(field: number): [number, number][] {
    const at = this.#find(field);
    if (at === undefined) return [];
    const vector = at + this.#view.getUint32(at, true);
    const count = this.#view.getUint32(vector, true);
    if (count > (this.#view.byteLength - vector - 4) / 16) throw new RangeError('a vector runs over the end');
    return Array.from({ length: count }, (_, index) => [
      sizeAt(this.#view, vector + 4 + index * 16),
      sizeAt(this.#view, vector + 12 + index * 16),
    ]);
  }

  /** A vector of tables, at most `most` of them. */
  tables(field: number, most: number): FlatTable[] {
    const at = this.#find(field);
    if (at === undefined) return [];
    const vector = at + this.#view.getUint32(at, true);
    const count = this.#view.getUint32(vector, true);
    if (count > most) throw new RangeError('a vector is too long');
    return Array.from({ length: count }, (_, index) => {
      const slot = vector + 4 + index * 4;
      return new FlatTable(this.#view, slot + this.#view.getUint32(slot, true));
    });
  }

  /** How many elements a vector or string has; they must lie inside. */
  vectorLength(field: number, elementBytes: number): number {
    const at = this.#find(field);
    if (at === undefined) return 0;
    const vector = at + this.#view.getUint32(at, true);
    const count = this.#view.getUint32(vector, true);
    if (count > (this.#view.byteLength - vector - 4) / elementBytes) throw new RangeError('a vector runs over the end');
    return count;
  }

  #find(field: number): number | undefined {
    const slot = this.#fields + 4 + field * 2;
    if (slot + 2 > this.#fieldsEnd) return undefined;
    const offset = this.#view.getUint16(slot, true);
    return offset === 0 ? undefined : this.#at + offset;
  }
}

function sizeAt(view: DataView, at: number): number {
  const value = view.getBigInt64(at, true);
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError('a size is out of range');
  return Number(value);
}
