/**
 * What a site file may be at most. The bounds are rule 8 of the reliability list: the YAML library aborts the whole process on about
 * 1,000 nested flow sequences, and others expand alias bombs; so size, depth and number of tokens are bounded before it sees a file.
 */
export const limits = {
  /** Bytes of UTF-8 (and, for text, UTF-16 units). */
  bytes: 256 * 1024,
  /** Levels of maps and lists, the document itself included. */
  depth: 32,
  /** Levels that the guard lets through to the exact count: far below what hurts the library. */
  guardDepth: 64,
  /** Lexical tokens: about 2,800 plain `key: value` lines, which parse in about 60 ms; a large site has 300. */
  tokens: 20_000,
  /** Findings that are kept; beyond that a person is not reading any more. */
  diagnostics: 100,
} as const;
