/** A database server that lives as long as one trial; its data is in memory. */
export interface TrialDatabase {
  readonly image: string;
  /** argv of the server. */
  readonly argv: readonly string[];
  /** Absolute path to text, readable by the server alone. */
  readonly files: Readonly<Record<string, string>>;
  /** Absolute paths of directories in memory, writable by the server. */
  readonly memory: readonly string[];
  /** argv that ends with 0 as soon as the server answers; run inside, and again until it does. */
  readonly ready: readonly string[];
  readonly memoryBytes: number;
}

/** Asks for a place of its own for one program: network, database, nothing shared with what runs on the machine. */
export interface TrialRequest {
  readonly database: TrialDatabase | null;
}

/** A program of a trial. */
export interface TrialProgram {
  readonly image: string;
  readonly argv: readonly string[];
  /** Absolute path of the tree on this machine: writable, and the working directory. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Absolute path to text, read-only. */
  readonly files: Readonly<Record<string, string>>;
  readonly memoryBytes: number;
  readonly timeoutSeconds: number;
  /** Each line as it comes, both streams. */
  readonly onLine: (line: string) => void;
}

/** How a program ended. */
export type TrialEnd = { readonly is: "ended"; readonly exitCode: number } | { readonly is: "timed-out" };

/** One trial while it is there. */
export interface Trial {
  /**
   * Waits for the database, then runs a program to its end.
   * Errors: `database/failed` with the server's last lines when it does not come up, `cancelled`, `machine/*`.
   */
  run(program: TrialProgram): Promise<TrialEnd>;
}

/**
 * Where tests run: containers that are taken away whatever happens, also after `kill -9` by whoever comes next (`sweep`), and that end by
 * themselves when nobody comes.
 */
export interface TestBench {
  /** Makes a trial, hands it to `work` and takes everything of it away again, before this promise settles. */
  withTrial<T>(request: TrialRequest, work: (trial: Trial) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Takes away what processes that are dead have left; answers how many trials. */
  sweep(): Promise<number>;
}
