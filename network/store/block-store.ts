/** What every call to a store takes: `signal` ends it early with the signal's reason. */
export interface BlockOptions {
  readonly signal?: AbortSignal;
}

/**
 * A place for blocks on one storage node. Every adapter promises the same:
 * CIDs are checked before anything is sent; bytes are checked against the CID on their way out and in; a put that returned was read back and compared.
 *
 * All throw StoreRefusal (a rule said no) or Fault (timeout, unavailable, corrupt, misconfigured).
 */
export interface BlockStore {
  /** Stores one block of at most `maxBlockBytes`, reads it back and compares it. */
  put(cid: string, bytes: Uint8Array, options?: BlockOptions): Promise<void>;
  /** The block's bytes, verified. @throws StoreRefusal BLOCK_NOT_FOUND */
  get(cid: string, options?: BlockOptions): Promise<Buffer>;
  /** The block's size in bytes, or nothing when the node does not hold it; the bytes themselves stay unproved. */
  stat(cid: string, options?: BlockOptions): Promise<number | undefined>;
  /** Removes a block; returns false when the node did not hold it. */
  remove(cid: string, options?: BlockOptions): Promise<boolean>;
}

/** How the bytes of a block are taken in without being hashed. */
export interface IntakeOptions extends BlockOptions {
  /** Memory of the caller's for the bytes, so that they need not be copied again; nothing is written there once the call has settled or the signal has aborted. */
  readonly into?: Uint8Array | undefined;
}

/** Beside a store's verified gets, for callers that hash what they get themselves, in a thread of their own: no block is hashed twice. */
export interface UnverifiedBlocks {
  /** What the storage node answers as this block, at most `maxBlockBytes` and **not verified**; a view of `into` where that was given. @throws StoreRefusal BLOCK_NOT_FOUND */
  getUnverified(cid: string, options?: IntakeOptions): Promise<Uint8Array>;
}
