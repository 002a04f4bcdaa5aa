import { createHash } from "node:crypto";
import type { Secret } from "../../../kernel/secret.ts";
import { Sql, text } from "../../../kernel/sql.ts";

/**
 * `mysql_native_password`'s hash, `*` and 40 hex digits. Computed here so that no password ever stands in a statement, and with it
 * in the server's logs. The plugin stays this one because PHP's mysqlnd knows no better one that MariaDB has (database.md section 7).
 */
export function nativePasswordHash(password: Secret): string {
  const once = createHash("sha1").update(password.reveal(), "utf8").digest();
  return `*${createHash("sha1").update(once).digest("hex").toUpperCase()}`;
}

/** `IDENTIFIED VIA …` of CREATE USER and ALTER USER; with a former password either of them lets in (MariaDB 10.4 and later). */
export function identifiedBy(password: Secret, former?: Secret): Sql {
  const ways = [password, ...(former === undefined ? [] : [former])];
  return new Sql(`IDENTIFIED VIA ${ways.map((one) => `mysql_native_password USING ${text(nativePasswordHash(one)).text}`).join(" OR ")}`);
}
