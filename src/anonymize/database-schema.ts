/** A column as information_schema.COLUMNS has it. */
export interface ColumnSchema {
  readonly name: string;
  /** DATA_TYPE in lower case: `varchar`, `longtext`, `int`, `datetime`, `json` never (MariaDB's is `longtext`). */
  readonly type: string;
  /** COLUMN_TYPE: `varchar(100)`, `enum('a','b')`, `int(10) unsigned`. */
  readonly columnType: string;
  /** CHARACTER_MAXIMUM_LENGTH: characters of texts, bytes of binary columns; null for others. */
  readonly length: number | null;
  readonly nullable: boolean;
  /** CHARACTER_SET_NAME; null for numbers, dates and binary columns. */
  readonly charset: string | null;
  readonly collation: string | null;
  /** VIRTUAL or STORED GENERATED: never inserted, computed anew. */
  readonly generated: boolean;
  readonly autoIncrement: boolean;
  /** COLUMN_DEFAULT, COLUMN_COMMENT and GENERATION_EXPRESSION in one: text that stays in the definition. */
  readonly definition: string;
}

/** A primary or unique key; the primary one is called PRIMARY. */
export interface UniqueKey {
  readonly name: string;
  readonly columns: readonly string[];
  /** SUB_PART per column: how many characters are looked at; null for all. */
  readonly prefixes: readonly (number | null)[];
}

/** A foreign key to a table of the same database. */
export interface ForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly table: string;
  readonly references: readonly string[];
}

/** A base table. Views, triggers and routines hold no rows and are made anew by the breeder. */
export interface TableSchema {
  readonly name: string;
  /** TABLE_ROWS: an estimate, to begin with the largest. */
  readonly rows: number;
  readonly columns: readonly ColumnSchema[];
  readonly uniqueKeys: readonly UniqueKey[];
  readonly foreignKeys: readonly ForeignKey[];
}

/** What anonymization needs to know of a database: read by the queries of `schema-queries.ts`, or from a fixture. */
export interface DatabaseSchema {
  readonly tables: readonly TableSchema[];
}
