import { multiply } from './gf256.ts';
import { plainKernel, relaxedKernel } from './kernel.wasm.ts';
import { checkScheme, recoveryRows, type Scheme } from './matrix.ts';

/** What is used of the global that neither the ES library's nor Node's typings declare. */
declare const WebAssembly: {
  validate(binary: Uint8Array): boolean;
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer };
  multiply(k: number, m: number, length: number, source: number, destination: number, tables: number): void;
}

export type KernelKind = 'relaxed' | 'plain';

const tablesAt = 1024;
const blocksAt = 64 * 1024;
const memoryBytes = 16 * 64 * 1024;

function load(kind: KernelKind | undefined): { kernel: Kernel; kind: KernelKind } {
  const relaxed = Buffer.from(relaxedKernel, 'base64');
  const chosen = kind ?? (WebAssembly.validate(relaxed) ? 'relaxed' : 'plain');
  const binary = chosen === 'relaxed' ? relaxed : Buffer.from(plainKernel, 'base64');
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary));
  return { kernel: exports as Kernel, kind: chosen };
}

/**
 * Reed-Solomon over GF(2^8) for one scheme, in WebAssembly SIMD on 1 MiB of memory of its own. Fragments may lie
 * anywhere and have any equal length; they pass through that memory block by block, so a call allocates nothing that
 * grows with them. Not for use from two threads at once.
 */
export class ErasureCode {
  readonly scheme: Scheme;
  readonly kernelKind: KernelKind;
  readonly #kernel: Kernel;
  readonly #memory: Buffer;
  readonly #blockBytes: number;
  readonly #dataSlots: readonly number[];
  readonly #paritySlots: readonly number[];
  #loaded = '';

  constructor(scheme: Scheme, kind?: KernelKind) {
    checkScheme(scheme);
    this.scheme = { k: scheme.k, n: scheme.n };
    const { kernel, kind: chosen } = load(kind);
    this.#kernel = kernel;
    this.kernelKind = chosen;
    this.#memory = Buffer.from(kernel.memory.buffer);
    // All blocks of one pass stay in the second-level cache; 8 KiB measured best at 4 of 7, larger n takes what fits.
    this.#blockBytes = Math.min(8192, Math.floor((memoryBytes - blocksAt) / scheme.n / 32) * 32);
    const slots = Array.from({ length: scheme.n }, (_, slot) => slot);
    this.#dataSlots = slots.slice(0, scheme.k);
    this.#paritySlots = slots.slice(scheme.k);
  }

  /** Writes the n - k parity fragments of k data fragments, all of one length. */
  encode(data: readonly Uint8Array[], parity: readonly Uint8Array[]): void {
    this.recover(this.#dataSlots, data, this.#paritySlots, parity);
  }

  /**
   * Writes the fragments of the `wanted` slots from those of k `present` slots. A wanted fragment may be written over
   * a present one: every block is read before it is written.
   */
  recover(
    present: readonly number[],
    fragments: readonly Uint8Array[],
    wanted: readonly number[],
    into: readonly Uint8Array[],
  ): void {
    const { k, n } = this.scheme;
    const length = fragments[0]?.length ?? 0;
    if (fragments.length !== k || into.length !== wanted.length || wanted.length > n - k)
      throw new RangeError(`recovery at ${k} of ${n} got ${fragments.length} fragments for ${wanted.length} others`);
    for (const fragment of [...fragments, ...into])
      if (fragment.length !== length) throw new RangeError('fragments of a stripe have one length');
    if (wanted.length === 0) return;
    this.#load(present, wanted);
    const sources = fragments.map(asBuffer);
    const targets = into.map(asBuffer);
    for (let from = 0; from < length; from += this.#blockBytes) {
      const to = Math.min(length, from + this.#blockBytes);
      this.#multiplyBlock(sources, targets, from, to);
    }
  }

  #multiplyBlock(sources: readonly Buffer[], targets: readonly Buffer[], from: number, to: number): void {
    const rounded = Math.ceil((to - from) / 32) * 32;
    let at = blocksAt;
    for (const source of sources) {
      source.copy(this.#memory, at, from, to);
      at += rounded;
    }
    this.#kernel.multiply(sources.length, targets.length, rounded, blocksAt, at, tablesAt);
    for (const target of targets) {
      this.#memory.copy(target, from, at, at + (to - from));
      at += rounded;
    }
  }

  /** Puts the lookup tables of the recovery matrix into the kernel's memory, unless they are there from the last call. */
  #load(present: readonly number[], wanted: readonly number[]): void {
    const name = `${present.join()}>${wanted.join()}`;
    if (name === this.#loaded) return;
    let at = tablesAt;
    for (const row of recoveryRows(this.scheme, present, wanted))
      for (const coefficient of row)
        for (const shift of [0, 4])
          for (let nibble = 0; nibble < 16; nibble++) this.#memory[at++] = multiply(coefficient, nibble << shift);
    this.#loaded = name;
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
