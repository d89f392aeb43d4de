// Bytes that can be read by ranges: a file, an upload, memory. What the bytes mean is the readers'
// business (`idx.ts`, `npy.ts`, `csv.ts`); how a file is opened is the command line's.

export interface ByteSource {
  /** As error messages call it; a file's path. */
  readonly name: string;
  /** In bytes; does not change while the source is in use. */
  size(): Promise<number>;
  /**
   * Exactly `length` bytes from `offset`; callers never read past the end. They may be a view of the
   * source's own memory, so callers only read them. Several reads may be under way at once.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Bytes in memory; borrows `bytes`. */
export function bytesOf(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: async () => bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  };
}
