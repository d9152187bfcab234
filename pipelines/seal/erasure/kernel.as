// AssemblyScript (compiled by build-kernel.ts, once with plain and once with relaxed SIMD).
//
// Multiplies a matrix over GF(2^8) with k source blocks: destination j = sum over i of c[j][i] * source i.
// Sources lie at src + i * len, destinations at dst + j * len; len is a multiple of 32. For every coefficient c[j][i]
// there are 32 bytes at tables + (j * k + i) * 32: c * x for x = 0..15, then c * (x << 4) for x = 0..15, so that a
// product is two 16-entry lookups (J. Plank, K. Greenan, E. Miller, "Screaming Fast Galois Field Arithmetic", 2013).
// Lookup indices stay below 16, where relaxed and plain swizzle agree, so both builds give the same bytes.

// @ts-ignore: decorator
@inline function look(table: v128, index: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(table, index);
  return i8x16.swizzle(table, index);
}

// @ts-ignore: decorator
@inline function product(table: usize, low: v128, high: v128): v128 {
  return v128.xor(look(v128.load(table), low), look(v128.load(table, 16), high));
}

function rows1(k: i32, len: usize, src: usize, dst: usize, tables: usize): void {
  const nibble = i8x16.splat(15);
  for (let o: usize = 0; o < len; o += 32) {
    let a = i8x16.splat(0), b = i8x16.splat(0);
    let s = src + o, t = tables;
    for (let i = 0; i < k; i++) {
      const v = v128.load(s), w = v128.load(s, 16);
      a = v128.xor(a, product(t, v128.and(v, nibble), v128.and(i16x8.shr_u(v, 4), nibble)));
      b = v128.xor(b, product(t, v128.and(w, nibble), v128.and(i16x8.shr_u(w, 4), nibble)));
      s += len;
      t += 32;
    }
    v128.store(dst + o, a);
    v128.store(dst + o, b, 16);
  }
}

function rows2(k: i32, len: usize, src: usize, dst: usize, tables: usize): void {
  const nibble = i8x16.splat(15);
  const row = <usize>k * 32;
  const d1 = dst + len;
  for (let o: usize = 0; o < len; o += 32) {
    let a0 = i8x16.splat(0), b0 = i8x16.splat(0), a1 = i8x16.splat(0), b1 = i8x16.splat(0);
    let s = src + o, t = tables;
    for (let i = 0; i < k; i++) {
      const v = v128.load(s), w = v128.load(s, 16);
      const vl = v128.and(v, nibble), vh = v128.and(i16x8.shr_u(v, 4), nibble);
      const wl = v128.and(w, nibble), wh = v128.and(i16x8.shr_u(w, 4), nibble);
      a0 = v128.xor(a0, product(t, vl, vh));
      b0 = v128.xor(b0, product(t, wl, wh));
      a1 = v128.xor(a1, product(t + row, vl, vh));
      b1 = v128.xor(b1, product(t + row, wl, wh));
      s += len;
      t += 32;
    }
    v128.store(dst + o, a0);
    v128.store(dst + o, b0, 16);
    v128.store(d1 + o, a1);
    v128.store(d1 + o, b1, 16);
  }
}

function rows3(k: i32, len: usize, src: usize, dst: usize, tables: usize): void {
  const nibble = i8x16.splat(15);
  const row = <usize>k * 32;
  const d1 = dst + len, d2 = d1 + len;
  for (let o: usize = 0; o < len; o += 32) {
    let a0 = i8x16.splat(0), b0 = i8x16.splat(0), a1 = i8x16.splat(0), b1 = i8x16.splat(0);
    let a2 = i8x16.splat(0), b2 = i8x16.splat(0);
    let s = src + o, t = tables;
    for (let i = 0; i < k; i++) {
      const v = v128.load(s), w = v128.load(s, 16);
      const vl = v128.and(v, nibble), vh = v128.and(i16x8.shr_u(v, 4), nibble);
      const wl = v128.and(w, nibble), wh = v128.and(i16x8.shr_u(w, 4), nibble);
      a0 = v128.xor(a0, product(t, vl, vh));
      b0 = v128.xor(b0, product(t, wl, wh));
      a1 = v128.xor(a1, product(t + row, vl, vh));
      b1 = v128.xor(b1, product(t + row, wl, wh));
      a2 = v128.xor(a2, product(t + 2 * row, vl, vh));
      b2 = v128.xor(b2, product(t + 2 * row, wl, wh));
      s += len;
      t += 32;
    }
    v128.store(dst + o, a0);
    v128.store(dst + o, b0, 16);
    v128.store(d1 + o, a1);
    v128.store(d1 + o, b1, 16);
    v128.store(d2 + o, a2);
    v128.store(d2 + o, b2, 16);
  }
}

function rows4(k: i32, len: usize, src: usize, dst: usize, tables: usize): void {
  const nibble = i8x16.splat(15);
  const row = <usize>k * 32;
  const d1 = dst + len, d2 = d1 + len, d3 = d2 + len;
  for (let o: usize = 0; o < len; o += 16) {
    let a0 = i8x16.splat(0), a1 = i8x16.splat(0), a2 = i8x16.splat(0), a3 = i8x16.splat(0);
    let s = src + o, t = tables;
    for (let i = 0; i < k; i++) {
      const v = v128.load(s);
      const low = v128.and(v, nibble), high = v128.and(i16x8.shr_u(v, 4), nibble);
      a0 = v128.xor(a0, product(t, low, high));
      a1 = v128.xor(a1, product(t + row, low, high));
      a2 = v128.xor(a2, product(t + 2 * row, low, high));
      a3 = v128.xor(a3, product(t + 3 * row, low, high));
      s += len;
      t += 32;
    }
    v128.store(dst + o, a0);
    v128.store(d1 + o, a1);
    v128.store(d2 + o, a2);
    v128.store(d3 + o, a3);
  }
}

/** Writes m destination blocks of len bytes from k source blocks. */
export function multiply(k: i32, m: i32, len: usize, src: usize, dst: usize, tables: usize): void {
  const row = <usize>k * 32;
  let j = 0;
  while (m - j >= 5 || m - j == 4) {
    rows4(k, len, src, dst + <usize>j * len, tables + <usize>j * row);
    j += 4;
  }
  const d = dst + <usize>j * len, t = tables + <usize>j * row;
  if (m - j == 3) rows3(k, len, src, d, t);
  else if (m - j == 2) rows2(k, len, src, d, t);
  else if (m - j == 1) rows1(k, len, src, d, t);
}
