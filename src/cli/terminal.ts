/** What a command sees of the outside: two streams, and what they are. stdout is the answer, stderr the progress. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly color: boolean;
  /** True when stderr is a terminal that can redraw lines. */
  readonly live: boolean;
  /** True when stdin and stdout are a person's. */
  readonly interactive: boolean;
  /** Columns of stderr. */
  readonly columns: number;
  readonly output: "text" | "json";
}
