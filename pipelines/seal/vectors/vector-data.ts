import { createCipheriv, hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** Vectors lie in the source tree; this module runs from the compiled one. */
export const vectorFolder = new URL('../../../seal/vectors/', import.meta.url);

export async function readVector<T>(name: string): Promise<T> {
  return JSON.parse(await readFile(new URL(`${name}.json`, vectorFolder), 'utf8')) as T;
}

/** Bytes that anyone can make again: AES-256-CTR from zero under the SHA-256 of a name. */
export function bytesNamed(name: string, length: number): Buffer {
  return createCipheriv('aes-256-ctr', hash('sha256', name, 'buffer'), new Uint8Array(16)).update(Buffer.alloc(length));
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const unhex = (text: string): Buffer => Buffer.from(text, 'hex');

export interface ErasureVector {
  readonly polynomial: string;
  readonly cases: readonly {
    readonly k: number;
    readonly n: number;
    /** Parity rows of the matrix, then data and parity fragments; hex. */
    readonly matrix: readonly string[];
    readonly data: readonly string[];
    readonly parity: readonly string[];
  }[];
  /** Parity of the first case under a Vandermonde matrix: its digests must not be taken for ours. */
  readonly wrongMatrixParity: readonly string[];
}

export interface SegmentVector {
  readonly k: number;
  readonly n: number;
  readonly cases: readonly {
    readonly name: string;
    readonly cek: string;
    readonly s?: string;
    readonly version: string;
    readonly index: number;
    readonly token: number;
    readonly last: boolean;
    readonly rows: number;
    readonly nonce: string;
    /** Plaintext, or its length where it is bytesNamed(name). */
    readonly plain: string | number;
    readonly key: string;
    readonly additionalData: string;
    readonly stripes: number;
    readonly fragmentBytes: number;
    readonly sealedSha256: string;
    readonly sealed?: string;
    /** Content ids, stripe by stripe, slot by slot. */
    readonly cids: readonly string[];
  }[];
  /** Slots of the first case, k - 1 each time: their fragments alone open nothing (INSUFFICIENT_FRAGMENTS). */
  readonly tooFew: readonly (readonly number[])[];
  /**
   * Changes to a case, the first unless `case` names another, after which it must not open: byte `at` of the sealed segment
   * exclusive-ored with 1, or another context.
   */
  readonly refused: readonly ({ readonly name: string; readonly case?: string } & (
    | { readonly at: number }
    | { readonly append: string }
    | { readonly truncate: number }
    | { readonly context: Readonly<Record<string, string | number | boolean>> }
  ))[];
}

export interface ManifestVector {
  readonly text: string;
  readonly manifestHash: string;
  readonly segmentHashes: readonly string[];
  readonly contentRoot: string;
  readonly refused: readonly { readonly name: string; readonly text: string }[];
}

export interface ShareVector {
  readonly k: number;
  readonly n: number;
  readonly secret: string;
  readonly coefficients: string;
  readonly shares: readonly string[];
  readonly blocks: readonly { readonly bytes: string; readonly cid: string }[];
  readonly refused: readonly { readonly name: string; readonly shares: readonly { index: number; bytes: string }[] }[];
}

export interface KeyVector {
  readonly wrap: {
    readonly datasetKey: string;
    readonly key: string;
    readonly context: { channel: string; dataset: string; version: string; epoch: number; kind: string };
    readonly wrapped: string;
  };
  readonly release: {
    readonly privateKey: string;
    readonly publicKey: string;
    readonly context: {
      channel: string;
      dataset: string;
      version: string;
      epoch: number;
      grantee: string;
      purpose: string;
      transaction: string;
    };
    readonly payload: string;
    readonly message: { v: 1; suite: 'X25519-HKDF-SHA256-AES256GCM'; enc: string; ciphertext: string };
  };
  readonly refusedPublicKeys: readonly { readonly name: string; readonly publicKey: string }[];
}
