/** What is made up in the place of something personal: deterministic, in the dataset's language. */
export const fakes = [
  "first-name",
  "last-name",
  "full-name",
  "user-name",
  "company",
  "street",
  "city",
  "postcode",
  "phone",
  "ip",
  "iban",
  "sentence",
] as const;

/** Everything that can become of a value. */
export const strategies = [
  "keep",
  "clear",
  "constant",
  "template",
  "hash",
  "mask",
  "email",
  "password",
  "shift-date",
  "text",
  "json",
  "serialized",
  ...fakes,
] as const;

/** Languages that have name tables. */
export const datasetLanguages = ["de", "en", "es", "fr", "it"] as const;

export type Fake = (typeof fakes)[number];
export type Strategy = (typeof strategies)[number];
export type DatasetLanguage = (typeof datasetLanguages)[number];

/** What becomes of the values of a column, with its particulars. */
export interface MaskRule {
  readonly use: Strategy;
  /** Column with the person's key: the same key gets the same fake, or the same shift of dates, in every table. */
  readonly per?: string | undefined;
  readonly value?: string | number | undefined;
  readonly template?: string | undefined;
  readonly length?: number | undefined;
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  readonly days?: number | undefined;
  readonly scheme?: "bcrypt" | "phpass" | "mediawiki" | undefined;
  readonly language?: DatasetLanguage | undefined;
  /** Of values inside JSON and serialized PHP, by dotted path. */
  readonly paths?: Readonly<Record<string, Strategy>> | undefined;
  readonly otherwise?: Strategy | undefined;
  /** Why something that may be personal stays. */
  readonly reason?: string | undefined;
}

/** A rule for some of a column's rows: those whose other column has one of these values. */
export interface WhenRule extends MaskRule {
  readonly when?:
    | { readonly column: string; readonly is?: readonly string[] | undefined; readonly like?: readonly string[] | undefined }
    | undefined;
}

export type ColumnRule = Strategy | MaskRule | readonly WhenRule[];

/** Which rows stay. */
export type RowsRule =
  | "all"
  | "none"
  | {
      readonly where?: readonly RowCondition[] | undefined;
      /** Only so many, the greatest of `by` first. */
      readonly newest?: { readonly rows: number; readonly by: string } | undefined;
    };

/** All that are named must hold. */
export interface RowCondition {
  readonly column: string;
  readonly is?: readonly (string | number)[] | undefined;
  readonly not?: readonly (string | number)[] | undefined;
  readonly like?: readonly string[] | undefined;
  readonly notLike?: readonly string[] | undefined;
  /** Days back from the capture, of a date. */
  readonly newerThanDays?: number | undefined;
  /** `TABLE.COLUMN`: rows whose value is there in a row that stays. */
  readonly follows?: string | undefined;
}

/** `keep`: whole as it is. `empty`: only its definition. `drop`: not there. */
export type TableRule =
  | "keep"
  | "empty"
  | "drop"
  | {
      readonly rows?: RowsRule | undefined;
      readonly columns?: Readonly<Record<string, ColumnRule>> | undefined;
      /** Of columns that are not named: only for tables whose columns the application makes itself. */
      readonly others?: Strategy | undefined;
    };

export interface DatasetFileRule {
  /** The mount; left out: every one. */
  readonly mount?: string | undefined;
  readonly match: string;
  readonly action: "keep" | "drop" | "replace";
  readonly reason?: string | undefined;
}

/** Rules of an application that are ready. Table names stand without the site's prefix. */
export interface DatasetPreset {
  /** The application, as people call it. */
  readonly title: string;
  /** The prefix that the application has when nobody changed it. */
  readonly prefix: string;
  /** Tables of further sites have a number behind the prefix (`wp_2_posts`). */
  readonly numbered?: boolean;
  readonly tables: Readonly<Record<string, TableRule>>;
  readonly files: readonly DatasetFileRule[];
}
