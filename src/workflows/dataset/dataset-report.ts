import type { BreedJournal } from "./breed-journal.ts";
import type { CopiedMount } from "./files/copy-mount.ts";
import type { GenerationSource } from "./generation.ts";
import type { MaskedTable } from "./masking/mask-tables.ts";

/** One thing that was looked at before publishing. Names places, never a value of production. */
export interface DatasetCheck {
  readonly name: string;
  readonly passed: boolean;
  /** What was counted, or what is wrong. */
  readonly detail: string;
  /** The first places where something was found. */
  readonly places: readonly string[];
}

/** What became of a table, and by whose rule. */
export interface ReportedTable extends MaskedTable {
  readonly because: string;
  /** Columns that are not kept as they are, with their strategies. */
  readonly columns: readonly { readonly name: string; readonly strategy: string }[];
}

/** What is known of how a generation was anonymized; kept with it, and after it when it was rejected. */
export interface DatasetReport {
  readonly version: 1;
  readonly site: string;
  readonly generation: string;
  readonly source: GenerationSource;
  readonly outcome: "published" | "rejected" | "failed";
  readonly reason: string | null;
  readonly capturedAt: string | null;
  readonly capturedBytes: number;
  readonly steps: readonly { readonly step: string; readonly seconds: number }[];
  readonly tables: readonly ReportedTable[];
  readonly files: readonly CopiedMount[];
  readonly checks: readonly DatasetCheck[];
  /** Views, triggers and routines that could not be made again, foreign keys to tables that are dropped, events without a simple schedule. */
  readonly leftOut: readonly string[];
}

/** How long each step took: until the next one began. */
export function stepSeconds(steps: BreedJournal["steps"], endedAt: string): DatasetReport["steps"] {
  return steps.map(({ step, at }, index) => {
    const until = steps[index + 1]?.at ?? endedAt;
    return { step, seconds: Math.max(0, Math.round((Date.parse(until) - Date.parse(at)) / 100) / 10) };
  });
}
