import type { AdminConnection } from "./admin-connection.ts";
import { adminList, adminName, adminNumber, type AdminSql, adminSql, adminText } from "./admin-sql.ts";
import type { WantedTable } from "./wanted-tables.ts";

/** Rows that one statement brings: a whole server of users is some thousand. */
const ROWS_AT_ONCE = 200;

/** Replaces all rows of a table in ProxySQL's memory; what runs is untouched until it is loaded. */
export async function rewriteTable(connection: AdminConnection, { table, rows }: WantedTable): Promise<void> {
  await connection.query(adminSql`DELETE FROM ${adminName(table)}`);
  for (const columns of new Set(rows.map((row) => Object.keys(row).join(" ")))) {
    const same = rows.filter((row) => Object.keys(row).join(" ") === columns);
    for (let at = 0; at < same.length; at += ROWS_AT_ONCE) {
      const values = same.slice(at, at + ROWS_AT_ONCE).map((row) => adminSql`(${adminList(Object.values(row).map(literal))})`);
      await connection.query(
        adminSql`INSERT INTO ${adminName(table)} (${adminList(columns.split(" ").map(adminName))}) VALUES ${adminList(values)}`,
      );
    }
  }
}

/** Sets variables one by one: the table has many that are not ours. Answers whether one was different. */
export async function setVariables(connection: AdminConnection, { rows }: WantedTable): Promise<boolean> {
  let changed = false;
  for (const row of rows) {
    const [name, value] = [adminText(String(row["variable_name"])), String(row["variable_value"])];
    const [found] = await connection.query(adminSql`SELECT variable_value FROM runtime_global_variables WHERE variable_name = ${name}`);
    if (found?.["variable_value"] === value) continue;
    changed = true;
    await connection.query(adminSql`UPDATE global_variables SET variable_value = ${adminText(value)} WHERE variable_name = ${name}`);
  }
  return changed;
}

function literal(value: string | number): AdminSql {
  return typeof value === "number" ? adminNumber(value) : adminText(value);
}
