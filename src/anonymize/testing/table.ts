import type { ColumnSchema, TableSchema } from "../database-schema.ts";

/** A column from its type as SHOW CREATE TABLE writes it: `varchar(100) NOT NULL`. */
export function column(name: string, type: string): ColumnSchema {
  const [columnType = "", ...rest] = type.split(/ (?=NOT NULL|GENERATED|ascii|latin1|utf8mb4_bin)/);
  const [word = "", size] = columnType.split(/[()]/);
  const bare = word.split(" ")[0] ?? "";
  const isText = /char|text|enum|set/.test(bare);
  const collation = rest.find((one) => one.endsWith("_bin")) ?? "utf8mb4_unicode_ci";
  const long = { tinytext: 255, text: 65_535, blob: 65_535, longtext: 4_294_967_295, longblob: 4_294_967_295 }[bare] ?? null;
  return {
    name,
    type: bare,
    columnType,
    length: /char|binary/.test(bare) ? Number(size) : long,
    nullable: !rest.includes("NOT NULL"),
    charset: isText ? (rest.find((one) => one === "ascii" || one === "latin1") ?? "utf8mb4") : null,
    collation: isText ? collation : null,
    generated: rest.includes("GENERATED"),
    autoIncrement: false,
    definition: "",
  };
}

/** A table of columns, without keys. */
export function table(name: string, columns: readonly ColumnSchema[]): TableSchema {
  return { name, rows: 0, columns, uniqueKeys: [], foreignKeys: [] };
}
