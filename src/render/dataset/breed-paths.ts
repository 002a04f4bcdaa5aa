/** Where a breed's Job, and what reads its source, have what. */
export const BREED_PATHS = {
  /** Claims of the Job's pod. Short: a socket lies below it, and its path has 107 bytes at most. */
  volumes: "/volumes",
  /** The site's own. */
  password: "/run/secrets/site",
  maskKey: "/run/secrets/dataset",
  /** What the Job says at its end; 4096 bytes of it are kept by Kubernetes. */
  answer: "/dev/termination-log",
} as const;
