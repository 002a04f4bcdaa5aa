import { createHash } from "node:crypto";
import { HowdahError } from "../../kernel/howdah-error.ts";

const OWNER = /^[a-z0-9][a-z0-9-]{0,62}$/;
/** MariaDB's own databases, accounts of servers and words that mean something as an account. */
const RESERVED = new Set([
  "mysql",
  "sys",
  "information_schema",
  "performance_schema",
  "test",
  "root",
  "howdah",
  "mariadb_sys",
  "public",
  "none",
]);
/** MariaDB's limit for databases; users may have 80, old clients know less. */
const LIMIT = 64;

/**
 * The one name of an environment's database and user: `blog` for its production, `blog__stage` for another, `-` written as `_`.
 * Names that would be too long, reserved or ambiguous end with `___` and a digest, which no other name holds: two environments never
 * share a name. Only [a-z0-9_], so it needs no quoting anywhere (it is quoted all the same).
 */
export function databaseNameFor(site: string, environment: string): string {
  for (const part of [site, environment]) {
    if (!OWNER.test(part)) throw new HowdahError("site/invalid", `${JSON.stringify(part)} can't be part of a database's name`);
  }
  const plain = [site, ...(environment === "production" ? [] : [environment])].map((part) => part.replaceAll("-", "_")).join("__");
  const ambiguous = [site, environment].some((part) => part.includes("--") || part.endsWith("-"));
  if (!ambiguous && plain.length <= LIMIT && !RESERVED.has(plain)) return plain;
  const digest = createHash("sha256").update(`${site}\n${environment}`).digest("hex").slice(0, 20);
  return `${plain.slice(0, LIMIT - digest.length - 3).replace(/_+$/, "")}___${digest}`;
}
