/** Why a change of the schema is no good while a release of before serves. */
export type Hazard =
  | "drop-table"
  | "drop-column"
  | "rename-table"
  | "rename-column"
  | "not-null"
  | "change-type"
  | "constraint"
  | "drop-default"
  | "empty-table"
  | "table-copy"
  | "index-lock";

/** For each kind: what breaks, and what to do instead. One sentence each, without a full stop. */
export const hazards: Readonly<Record<Hazard, { readonly why: string; readonly instead: string }>> = {
  "drop-table": {
    why: "the release that still serves reads and writes it",
    instead: "Deploy code that no longer uses it first; drop it in a later release",
  },
  "drop-column": {
    why: "the release that still serves names it in its statements, which fail from then on",
    instead: "Deploy code that no longer uses it first; drop it in a later release",
  },
  "rename-table": {
    why: "the release that still serves knows only the former name",
    instead: "Make the new table, fill it, let the code use it, and drop the former one in a later release (or leave a view of that name)",
  },
  "rename-column": {
    why: "the release that still serves knows only the former name",
    instead: "Add the new column, write both, copy what is there, read the new one, and drop the former in a later release",
  },
  "not-null": {
    why: "the release that still serves inserts rows without it, which strict mode refuses",
    instead: "Give it a DEFAULT or allow NULL now; fill it, and set NOT NULL in a later release",
  },
  "change-type": {
    why: "another type copies the table while writers wait, and a narrower one refuses or cuts what the release that still serves writes",
    instead:
      "Add a column of the new type, copy in small steps, and change over in a later release; for a wider VARCHAR say ALGORITHM=INSTANT, so that the server refuses if it must copy",
  },
  constraint: {
    why: "the release that still serves may write what it forbids, and the check of what is there holds up writers",
    instead: "Deploy code that keeps the rule first, clean the data, and add the constraint in a later release",
  },
  "drop-default": {
    why: "the release that still serves inserts rows without a value for it",
    instead: "Deploy code that always gives the value first; drop the default in a later release",
  },
  "empty-table": {
    why: "it takes rows away, or locks every row, under the release that still serves",
    instead: "Work in small steps with a WHERE and a LIMIT, from a cron or worker",
  },
  "table-copy": {
    why: "the server copies the whole table or locks it, and writers wait as long",
    instead:
      "Say ALGORITHM=INPLACE, LOCK=NONE, so that the server refuses what it can't do online; for a large table use the exclusive strategy",
  },
  "index-lock": {
    why: "on a large table writers may wait while it is built",
    instead: "Say ALGORITHM=INPLACE, LOCK=NONE, so that the server refuses instead of locking",
  },
};

/** A hazard that was seen in a migration. */
export interface UnsafeChange {
  readonly hazard: Hazard;
  /** What is done, in the migration's own words: `DROP COLUMN email of users`. */
  readonly what: string;
  /** 1-based. */
  readonly line: number;
}
