/** What is in quarantine once a source is captured: files that a server can be started on. */
export interface Captured {
  /** As it is called there. */
  readonly database: string;
  /** RFC 3339: the moment that the data shows. */
  readonly at: string;
  readonly position: { readonly file: string; readonly offset: number; readonly gtid: string | null } | null;
  /** Of the server that wrote the files. */
  readonly version: string;
  readonly bytes: number;
  /** The data directory, below the quarantine's own. */
  readonly files: "source" | "source/data";
}
