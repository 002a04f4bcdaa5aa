/** What an account needs to make databases and users: it can grant only what it has itself. Replication is only looked at with several addresses. */
const OF_DATABASES = [
  ...["ALTER", "ALTER ROUTINE", "CREATE", "CREATE ROUTINE", "CREATE TEMPORARY TABLES", "CREATE VIEW", "DELETE", "DROP", "EVENT"],
  ...["EXECUTE", "INDEX", "INSERT", "LOCK TABLES", "REFERENCES", "SELECT", "SHOW VIEW", "TRIGGER", "UPDATE"],
];
/** PROCESS: who does not see others' sessions believes that there are none, and that a user who is held or suspended writes no more. */
const OF_ACCOUNTS = ["CREATE USER", "GRANT OPTION", "PROCESS"];
/** To end them. Each goes by several names, depending on the version. */
const OF_SESSIONS = [["CONNECTION ADMIN", "SUPER"]];
const OF_REPLICATION = [["SLAVE MONITOR", "REPLICA MONITOR", "REPLICATION CLIENT", "SUPER"]];

/**
 * Which rights the administrator of an external server lacks, from the lines of `SHOW GRANTS`: only those for all databases (`*.*`) count, since
 * sites' databases are not there yet. Nothing of a password in these lines is looked at.
 */
export function missingRights(grants: readonly string[], several: boolean): readonly string[] {
  const lines = grants.flatMap((line) => /^GRANT (.+?) ON \*\.\* TO /.exec(line)?.[1] ?? []);
  const held = new Set(lines.flatMap((list) => list.split(", ")));
  if (grants.some((line) => / ON \*\.\* TO .* WITH GRANT OPTION/.test(line))) held.add("GRANT OPTION");
  const all = held.has("ALL PRIVILEGES");
  const single = [...OF_DATABASES, ...OF_ACCOUNTS].filter((right) => !held.has(right) && !(all && right !== "GRANT OPTION"));
  const wanted = all ? [] : [...OF_SESSIONS, ...(several ? OF_REPLICATION : [])];
  const choices = wanted.filter((names) => !names.some((name) => held.has(name)));
  return [...single, ...choices.map((names) => names[0] ?? "")];
}
