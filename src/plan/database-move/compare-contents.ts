/** A table as it is on one server. */
export interface TableContent {
  readonly name: string;
  readonly rows: number;
  /** A sum over all rows; null when rows were only counted. */
  readonly checksum: string | null;
  /** Names and types of columns, and what indexes have which, in order. */
  readonly shape: string;
}

/** All that a database holds. */
export interface DatabaseContent {
  readonly tables: readonly TableContent[];
  /** `view x`, `trigger x`, `procedure x`, `function x`, `event x`, sorted. */
  readonly others: readonly string[];
}

/** In which ways a copy is not what it was copied from, in words; nothing when both are the same. */
export function differencesBetween(source: DatabaseContent, copy: DatabaseContent): readonly string[] {
  const there = new Map(copy.tables.map((table) => [table.name, table]));
  const tables = source.tables.flatMap((table) => {
    const other = there.get(table.name);
    there.delete(table.name);
    return other === undefined ? [`the table ${table.name} is missing`] : differencesOfTable(table, other);
  });
  const others = new Set(copy.others);
  const missing = source.others.filter((one) => !others.delete(one)).map((one) => `the ${one} is missing`);
  const more = [...[...there.keys()].map((name) => `table ${name}`), ...others].map((one) => `the ${one} is only in the copy`);
  return [...tables, ...missing, ...more];
}

function differencesOfTable(table: TableContent, other: TableContent): readonly string[] {
  const { name } = table;
  if (table.rows !== other.rows) return [`${name} has ${String(table.rows)} rows, and its copy ${String(other.rows)}`];
  if (table.checksum !== other.checksum) return [`rows of ${name} differ`];
  return table.shape === other.shape ? [] : [`columns or indexes of ${name} differ`];
}
