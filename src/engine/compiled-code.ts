/** Compiled code of one image with its settings, as it lies on this machine. */
export interface CompiledCode {
  readonly namespace: string;
  /** Unique in the namespace. */
  readonly name: string;
  /** Bytes on disk. */
  readonly bytes: number;
  /** Whether a pod has it, or would have when it starts again. */
  readonly used: boolean;
}

/** The store of compiled code: code that is not there is compiled again, by the next start or by the agent. */
export interface CompiledCodeStore {
  list(): Promise<readonly CompiledCode[]>;
  /** Removes what of a namespace's is not used. Call it with the namespace's lock. */
  dropUnused(namespace: string): Promise<void>;
}
