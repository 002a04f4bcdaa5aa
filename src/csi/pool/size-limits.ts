/** What a volume holds, where the file system counts it. */
export interface VolumeBytes {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

/** How the size of a volume is kept. Where the file system has no quota nothing is promised, and everybody is told so. */
export interface SizeLimits {
  /** Whether a volume can't grow beyond its size. */
  readonly enforced: boolean;
  /** Sets the size of what lies in a directory; safe to repeat. */
  set(directory: string, bytes: number): Promise<void>;
  /** What a volume holds; undefined where nobody counts. */
  usage(directory: string): Promise<VolumeBytes | undefined>;
}

/** For file systems without quotas: a volume may take all that the disk has. */
export const noLimits: SizeLimits = {
  enforced: false,
  set: async () => {},
  usage: async () => undefined,
};
