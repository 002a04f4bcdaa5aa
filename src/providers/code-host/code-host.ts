/** A merge request (GitHub: pull request) as its platform says that it is now. */
export interface MergeRequest {
  readonly number: number;
  readonly state: "open" | "closed";
  /** Its newest commit; null while the platform has none. */
  readonly commit: string | null;
  /** Its branch is in another project. */
  readonly isFork: boolean;
}

/** What the one comment shall say. */
export interface WantedComment {
  /** The comment that was made before; null: not known, it is looked for by the marker before one is made. */
  readonly known: string | null;
  /** The first line of the text: nobody can guess it, and it does not show. */
  readonly marker: string;
  readonly text: string;
}

/**
 * A project at the platform that has its code. Errors: `code-host/unreachable` for what may be better later, `code-host/refused` for what a person has to mend.
 */
export interface CodeHost {
  /** Whether the token may read the project. */
  check(signal: AbortSignal): Promise<void>;
  mergeRequest(number: number, signal: AbortSignal): Promise<MergeRequest>;
  /** Changes the comment or makes it, and answers its id. Safe to repeat after a kill: none is made twice. */
  comment(number: number, wanted: WantedComment, signal: AbortSignal): Promise<string>;
}

/** Where a project is. */
export interface CodeProject {
  readonly platform: "github" | "gitlab";
  /** `owner/repository`, `group/subgroup/project`. */
  readonly project: string;
  /** Without a slash at its end. */
  readonly api: string;
}
