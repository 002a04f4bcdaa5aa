import type { DatasetLanguage, Fake } from "../catalog/dataset-presets/dataset-rules.ts";
import type { Diagnostic } from "../kernel/diagnostic.ts";
import type { Sql } from "../kernel/sql.ts";

/**
 * What the breeder performs, compiled from the site's rules and the schema of its database (`compile-mask-plan.ts`).
 *
 * Expressions speak of the raw table by the alias `r`, of other raw tables by their bare names (so `raw` is the session's database), and of the key by session
 * variables that `maskKey(secret).session()` sets. A table is rebuilt by
 *
 *   CREATE TABLE dataset.T LIKE raw.T          (foreign keys are added at the end, secondary keys after the rows)
 *   INSERT INTO dataset.T (columns) SELECT expressions FROM raw.T AS r WHERE rows
 *
 * and, when a column of it has a `stream`, by SELECTing the expressions, the arms and the contexts, passing the rows through `rowTransformer`
 * (`stream/transform-row.ts`) and inserting them by many-row INSERTs.
 *
 * A raw value can survive in other places than rows. The breeder must:
 *  - publish nothing while `problems` has an error or `unknown` is not empty;
 *  - run with `general_log`, `slow_query_log` and the binlog off, `performance_schema=OFF`, and keep the server's messages out of reports and logs:
 *    "Duplicate entry 'anna@example.org' for key…" and "Incorrect … value" quote a value;
 *  - start the private server with `innodb_doublewrite=0` and `innodb_change_buffering=none`: pages of the raw tables that purge or a merge
 *    touches would be copied into the doublewrite buffer and the change buffer inside ibdata1, which is published;
 *  - put `tmpdir` and `innodb_tmpdir` on the quarantine's volume (index builds and sorts write rows into files there) and leave `ibtmp1`,
 *    `ib_buffer_pool`, `*.cfg`, `*.err` and redo logs of that server behind (redo is made anew in the clone's size by a clean slow shutdown);
 *  - make `drop-rows` tables from their definition (CREATE … LIKE), never by DELETE or TRUNCATE of the raw files; drop raw FULLTEXT tables, whose
 *    auxiliary FTS_* files hold every word;
 *  - never copy `mysql.*` of the source: `column_stats` (histograms, minimum and maximum are values), `table_stats`, `global_priv`, `proc`, `event`;
 *    and never run ANALYZE … PERSISTENT FOR ALL before rows are masked;
 *  - not insert generated columns (they are left out here) and create triggers after the rows;
 *  - hunt in what is no row as well (`hunt/find-personal.ts`): SHOW CREATE of every table, view, trigger, routine and event: defaults, comments,
 *    enum members, partition bounds and names, CHECKs, literals in bodies and in generated columns;
 *  - rewrite tables that only lose rows as well: a deleted row stays in its page. `keep` (whole tables without personal data) is renamed, with its free pages:
 *    a table of which rows were ever personal is `rebuild`;
 *  - on block storage, publish a volume into which files were copied, or trim: raw files that were deleted stay in free blocks. Raw and published
 *    files should be different volumes;
 *  - search all published files, and names of files, for the canaries (`hunt/canary-set.ts`, chosen by `hunt/choose-canaries.ts`), once the server is down.
 */
export interface MaskPlan {
  /** Every base table of the schema, largest first. */
  readonly tables: readonly TablePlan[];
  readonly files: readonly FileRule[];
  /** What no rule knows: nothing may be published while this is not empty. */
  readonly unknown: readonly Unknown[];
  /** What is wrong with the rules or does not fit the schema. Errors stop before any long work. */
  readonly problems: readonly Diagnostic[];
  /** Columns whose values stay as they are although they may be personal, with the reason that the rules give: the hunt allows them. */
  readonly kept: readonly KeptColumn[];
}

/** What becomes of one table. */
export interface TablePlan {
  readonly name: string;
  /** `keep`: renamed as it is. `rebuild`: filled anew. `drop-rows`: made empty from its definition. `drop-table`: not in the dataset. */
  readonly action: "keep" | "rebuild" | "drop-rows" | "drop-table";
  /** With `rebuild`: every column that is inserted, in the table's order; generated ones are left out. Empty otherwise. */
  readonly columns: readonly ColumnPlan[];
  /** Condition of the rows that stay; left out: all. */
  readonly where?: Sql;
  /** ORDER BY and LIMIT behind the condition, when only the newest rows stay. */
  readonly limit?: Sql;
  /** In the report: why, by whose rule (`wordpress`, `site`). */
  readonly because: string;
}

/** How one column is filled. */
export interface ColumnPlan {
  readonly name: string;
  /** In the report: `email`, `fake first-name`, `keep`… */
  readonly strategy: string;
  /** The masked value, or with `stream` what is read. */
  readonly expression: Sql;
  /** True: it holds text, and what TypeScript made is sent as utf8mb4. Bytes, numbers and dates go as they came. */
  readonly text: boolean;
  /** What SQL can't do to it. */
  readonly stream?: ColumnStream;
}

/** The part of a column that TypeScript masks. */
export interface ColumnStream {
  /** A number: 0 says that the value is written as it was read, N that `masks[N - 1]` turns it. Selected beside the value. */
  readonly arm: Sql;
  readonly masks: readonly StreamMask[];
  /** Other values of the raw row that the masks need, with what stands in their place: selected as well, never inserted. */
  readonly context: readonly { readonly name: string; readonly raw: Sql; readonly masked: Sql }[];
}

/** A mask for values that have an inside, as data; `stream/transformer.ts` makes the function of it. */
export type StreamMask =
  | {
      readonly kind: "structure";
      readonly format: "json" | "serialized";
      readonly language: DatasetLanguage;
      readonly inside: InsideRules;
      /** Contexts by name whose words are people's names. */
      readonly names: readonly string[];
      readonly limit: TextLimit;
    }
  | { readonly kind: "text"; readonly language: DatasetLanguage; readonly names: readonly string[]; readonly limit: TextLimit };

/** How long a value may be in its column. */
export interface TextLimit {
  readonly length: number | null;
  readonly unit: "characters" | "bytes";
}

/** What happens to the values inside JSON or serialized PHP. */
export interface InsideRules {
  /** Dotted paths with `*` and `**`, first match wins. */
  readonly paths: readonly { readonly path: readonly string[]; readonly mask: LeafMask }[];
  /** Leaves that no path matches: `text` scrubs what looks personal in them. */
  readonly otherwise: LeafMask;
}

/** The mask of one value inside a structure; the same functions as in SQL. */
export type LeafMask =
  | { readonly mask: "keep" | "clear" | "text" | "email" }
  | { readonly mask: "hash"; readonly length: number }
  | { readonly mask: "fake"; readonly fake: Fake; readonly language: DatasetLanguage };

/** What becomes of files of the mounts; the first rule that matches a path decides, files that no rule matches block publishing as unknown. */
export interface FileRule {
  /** Mount's path as in the site file. */
  readonly mount: string;
  /** A pattern below it: `*`, `?` and `**`. */
  readonly match: string;
  /** `replace`: by a small file of the same type (a grey picture, an empty document) of the same name. */
  readonly action: "keep" | "drop" | "replace";
  readonly because: string;
}

/** A table, or a column of a table, that no rule knows. */
export interface Unknown {
  readonly table: string;
  /** Left out: the whole table. */
  readonly column?: string;
  /** A rule that fits its name and type, as one would write it: `wp_users.user_email: email`. */
  readonly suggestion: string;
}

/** A column that stays as it is by a rule that says why. */
export interface KeptColumn {
  readonly table: string;
  readonly column: string;
  readonly reason: string;
}
