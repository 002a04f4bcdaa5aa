import * as z from "zod";
import { datasetLanguages, strategies } from "../../catalog/dataset-presets/dataset-rules.ts";
import { oneLine, relativePath, schedule } from "./grammar.ts";

/** Names of tables and columns as MariaDB takes them; `*` in a table's name stands for anything. */
const tableName = z
  .string()
  .max(64)
  .regex(
    /^[^\u0000-\u001f\u007f`./\\\s](?:[^\u0000-\u001f\u007f`./\\]*[^\u0000-\u001f\u007f`./\\\s])?$/,
    "must be a table's name; `*` stands for anything",
  );
const columnName = z
  .string()
  .max(64)
  .regex(/^[^\u0000-\u001f\u007f`\s](?:[^\u0000-\u001f\u007f`]*[^\u0000-\u001f\u007f`\s])?$/, "must be a column's name");
const values = z.array(oneLine.max(500)).min(1).max(2000);
const scalars = z
  .array(z.union([oneLine.max(500), z.int()]))
  .min(1)
  .max(2000);

/** A way into JSON or serialized PHP. */
const innerPath = z
  .string()
  .max(300)
  .regex(
    /^(\*\*?|[^\u0000-\u001f.*]+)(\.(\*\*?|[^\u0000-\u001f.*]+))*$/,
    "must be keys with dots between them, such as `billing.email`; `*` is any key, `**` any number of them",
  );

const strategy = z.enum(strategies);

const per = columnName.optional().meta({
  description:
    "Column of the same row with the person's key: who has the same key gets the same names and the same shift of dates in every table.",
  examples: ["user_id"],
});

const ruleFields = {
  use: strategy.meta({
    description:
      "`keep`, `clear` (NULL, or empty where the column has none), `constant` (`value`), `template`, `hash` (keyed: joins stay), `mask` (stars, but for `start` and `end`), `email` (`u<hash>@example.invalid`), `password` (everybody's is `dataset`), `shift-date`, `text` (whatever looks personal in free text, JSON or serialized PHP), `json` and `serialized` (`paths`), or a fake: `first-name`, `last-name`, `full-name`, `user-name`, `company`, `street`, `city`, `postcode`, `phone`, `ip`, `iban`, `sentence`.",
  }),
  per,
  value: z.union([oneLine, z.int()]).optional().meta({ description: "With `constant`: what everybody gets." }),
  template: oneLine
    .max(500)
    .optional()
    .meta({
      description: "With `template`: text with `{hash}`, `{hash:8}`, a fake such as `{city}`, or a column that is kept.",
      examples: ["customer {ID}"],
    }),
  length: z
    .int()
    .min(8)
    .max(64)
    .optional()
    .meta({ description: "With `hash`: how many hexadecimal digits. Left out: 32, fewer where the column is shorter." }),
  start: z.int().min(0).max(20).optional().meta({ description: "With `mask`: so many characters at the start stay. Left out: 0." }),
  end: z.int().min(0).max(20).optional().meta({ description: "With `mask`: so many characters at the end stay. Left out: 0." }),
  days: z.int().min(1).max(3650).optional().meta({ description: "With `shift-date`: up to so many days back or ahead. Left out: 30." }),
  scheme: z
    .enum(["bcrypt", "phpass", "mediawiki"])
    .optional()
    .meta({ description: "With `password`: how the application stores passwords. Left out: `bcrypt`." }),
  language: z.enum(datasetLanguages).optional().meta({ description: "Of a fake. Left out: the dataset's." }),
  paths: z
    .record(innerPath, strategy)
    .optional()
    .meta({
      description: "With `json` and `serialized`: what becomes of the values inside, by path.",
      examples: [{ "billing.email": "email", "**.phone": "phone" }],
    }),
  otherwise: strategy.optional().meta({ description: "With `json` and `serialized`: of values that no path names. Left out: `text`." }),
  reason: oneLine
    .max(200)
    .optional()
    .meta({ description: "With `keep`: why it is not personal. The hunt then allows what looks personal there." }),
} as const;

const rule = z.strictObject(ruleFields);

const whenRule = z.strictObject({
  ...ruleFields,
  when: z
    .strictObject({
      column: columnName.meta({ description: "Another column of the row." }),
      is: values.optional().meta({ description: "Its value is one of these." }),
      like: values.optional().meta({ description: "Its value is like one of these; `%` stands for anything." }),
    })
    .optional()
    .meta({ description: "Which rows. The first rule that fits decides; one without `when` stands last." }),
});

const columnRule = z.union([strategy, rule, z.array(whenRule).min(1).max(500)]).meta({
  description: "What becomes of the column: a word (`email`), a rule, or a list of rules for rows of different kinds (`when`).",
  examples: [
    "email",
    { use: "full-name", per: "ID" },
    [{ when: { column: "meta_key", is: ["first_name"] }, use: "first-name" }, { use: "text" }],
  ],
});

const condition = z
  .strictObject({
    column: columnName.meta({ description: "The column that is looked at." }),
    is: scalars.optional().meta({ description: "One of these." }),
    not: scalars.optional().meta({ description: "None of these." }),
    like: values.optional().meta({ description: "Like one of these; `%` stands for anything." }),
    notLike: values.optional().meta({ description: "Like none of these." }),
    newerThanDays: z.int().min(1).max(36500).optional().meta({ description: "A date of the last so many days." }),
    follows: z
      .string()
      .max(129)
      .regex(/^[^\u0000-\u001f`./\\]+\.[^\u0000-\u001f`./\\]+$/, "must be TABLE.COLUMN")
      .optional()
      .meta({ description: "TABLE.COLUMN: the value is there in a row that stays.", examples: ["orders.id"] }),
  })
  .meta({ description: "A condition; all that are named hold." });

const rows = z
  .union([
    z.enum(["all", "none"]),
    z.strictObject({
      where: z.array(condition).min(1).max(50).optional().meta({ description: "Conditions that all hold." }),
      newest: z
        .strictObject({
          rows: z.int().min(1).meta({ description: "How many." }),
          by: columnName.meta({ description: "The column whose greatest values are the newest." }),
        })
        .optional()
        .meta({ description: "Only the newest rows." }),
    }),
  ])
  .optional()
  .meta({ description: "Which rows stay. Left out: `all`.", examples: ["none", { where: [{ column: "created", newerThanDays: 365 }] }] });

const tableRule = z
  .union([
    z.enum(["keep", "empty", "drop"]),
    z.strictObject({
      rows,
      columns: z.record(columnName, columnRule).optional().meta({ description: "Columns. Those that a preset knows need not be named." }),
      others: strategy.optional().meta({
        description: "Of columns that are not named. Left out: a column that nobody names blocks publishing, so that new ones are noticed.",
      }),
    }),
  ])
  .meta({
    description: "What becomes of a table: `keep` it whole (nothing in it is personal), `empty` it, `drop` it, or columns and rows.",
    examples: ["empty", { columns: { mail: "email", note: "text" } }],
  });

const fileRule = z
  .strictObject({
    mount: relativePath.optional().meta({ description: "A mount of the site. Left out: all of them." }),
    match: z
      .string()
      .min(1)
      .max(256)
      .regex(/^(?!\/)(?!.*(^|\/)\.{1,2}(\/|$))[^\u0000-\u001f\u007f\\]+$/, "must be a pattern below the mount, such as `**/*.pdf`")
      .meta({ description: "Files below the mount: `*` and `?` within a name, `**` for any folders.", examples: ["**/*.pdf"] }),
    action: z
      .enum(["keep", "drop", "replace"])
      .meta({ description: "`replace`: by an empty picture or document of the same type and name." }),
    reason: oneLine.max(200).optional().meta({ description: "With `keep`: why they are not personal." }),
  })
  .meta({ description: "The first rule that matches a file decides." });

/** `spec.dataset`: what becomes of production's data before anybody else sees it. */
export const dataset = z
  .strictObject({
    language: z.enum(datasetLanguages).default("en").meta({ description: "Of made-up names, streets and companies." }),
    presets: z
      .array(z.string().regex(/^[a-z0-9-]+$/, "must be a preset's name: lower-case letters, digits and hyphens"))
      .max(20)
      .default([])
      .meta({ description: "Rules that are ready, of applications. The site's own rules win.", examples: [["wordpress"]] }),
    prefix: z
      .string()
      .max(32)
      .regex(/^[A-Za-z0-9_]*$/, "must be letters, digits and `_`")
      .optional()
      .meta({ description: "Prefix of the application's tables. Left out: the application's usual one.", examples: ["wp_"] }),
    tables: z
      .record(tableName, tableRule)
      .default({})
      .meta({
        description: "What becomes of tables, by name. A table or column that neither these rules nor a preset know blocks publishing.",
        examples: [{ users: { columns: { email: "email", name: "full-name" } }, sessions: "empty" }],
      }),
    files: z
      .array(fileRule)
      .max(200)
      .default([])
      .meta({
        description: "What becomes of files of the mounts. A mount that no rule of here or of a preset covers blocks publishing.",
        examples: [
          [
            { match: "**/*.pdf", action: "replace" },
            { match: "**", action: "keep", reason: "public pictures" },
          ],
        ],
      }),
    schedule: schedule.optional().meta({
      description: "When a new dataset is bred, in the site's time zone. Left out: only when somebody asks for it.",
      examples: ["H 3 * * *"],
    }),
    keep: z.int().min(1).max(50).default(2).meta({ description: "How many datasets are kept besides those that environments still use." }),
    canaries: z.int().min(0).max(10_000).default(1000).meta({
      description: "How many real values are remembered before masking and looked for afterwards in every file of the dataset.",
    }),
  })
  .meta({
    description:
      "An anonymized copy of the site's data for development: which columns are personal, and what stands in their place. Left out: none is made.",
  });
