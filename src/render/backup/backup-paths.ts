/** Where a backup's Job has what. */
export const BACKUP_PATHS = {
  /** What one step leaves for the next. */
  work: "/work",
  dump: "/work/database.sql",
  /** As it was read back from the store. */
  stored: "/work/stored.sql",
  /** As the scratch server dumps it again. */
  again: "/work/again.sql",
  /** A directory's files as they were read back, by their number in the record. */
  files: "/work/files",
  record: "/work/record.json",
  /** The volume of a store that is one. */
  store: "/store",
  /** The store's Secret. */
  key: "/run/secrets/store",
  /** The site's own. */
  password: "/run/secrets/site",
  /** What a step says at its end; 4096 bytes of it are kept by Kubernetes. */
  answer: "/dev/termination-log",
} as const;
