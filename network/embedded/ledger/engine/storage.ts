/** A file that only grows. */
export interface AppendLog {
  readonly sizeBytes: number;
  /** Resolves when the bytes are on disk and survive a crash of the machine. */
  append(bytes: Buffer): Promise<void>;
  read(at: number, sizeBytes: number): Promise<Buffer>;
  truncate(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}

/** Where the engine keeps its files: a directory, or memory with faults in tests. */
export interface Storage {
  open(name: string): Promise<AppendLog>;
}
