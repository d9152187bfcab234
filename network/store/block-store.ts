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
