import type { ErrorCode } from "../../kernel/error-catalog.ts";

/** What a watch says, one line each on stdout. */
export type WatchEvent =
  | {
      readonly event: "watching";
      readonly site: string;
      readonly url: string;
      readonly source: string;
      /** The release that serves again afterwards. */
      readonly release: string;
      readonly files: number;
      /** How saves are noticed: at once, or by looking now and then. */
      readonly noticing: "events" | "polling";
    }
  /** Saved files are live. Milliseconds from the first sign of the change. */
  | {
      readonly event: "synced";
      readonly written: readonly string[];
      readonly removed: readonly string[];
      readonly bytes: number;
      readonly milliseconds: number;
    }
  /** What a save does not do, and what does it. */
  | { readonly event: "note"; readonly message: string }
  /** PHP can't read a saved file. */
  | { readonly event: "syntax"; readonly path: string; readonly message: string }
  /** The site file was taken: its objects that changed. */
  | { readonly event: "reloaded"; readonly steps: readonly string[]; readonly milliseconds: number }
  /** A change that can't be taken: what served goes on. */
  | {
      readonly event: "refused";
      readonly code: ErrorCode;
      readonly message: string;
      readonly output: readonly string[];
      readonly hint: string;
    }
  | { readonly event: "ended"; readonly by: "person" | "command"; readonly release: string | null; readonly milliseconds: number };
