import { identifier, sql, text, word } from "../../../kernel/sql.ts";
import { BACKUP_PATHS } from "../../../render/backup/backup-paths.ts";
import { BRINGING_OPTIONS, siteDatabase } from "../../database/site-database.ts";
import type { SiteRecord } from "../../ports.ts";
import { comparableDumpArgv } from "../save-database.ts";
import { scratchArgv } from "../scratch-database.ts";
import { traitsOf } from "../verify-backup.ts";

/** The password is in a file of the site's own Secret; a program finds it in its environment while it runs. */
const PASSWORD = `set -euo pipefail
umask 077
MYSQL_PWD=$(cat ${BACKUP_PATHS.password}/password)
export MYSQL_PWD
`;

/** Words: WORK TABLES HOST PORT USER, then mariadb-dump's argument list. */
const DUMP = `${PASSWORD}work=$1 tables=$2 host=$3 port=$4 user=$5
shift 5
ask() { mariadb --no-defaults --host="$host" --port="$port" --user="$user" --skip-ssl-verify-server-cert --batch --skip-column-names --raw --execute="$1"; }
ask 'SELECT VERSION()' >"$work/version"
ask "$tables" >"$work/tables-before"
"$@" >"$work/database.sql"
ask "$tables" >"$work/tables-after"
`;

/**
 * Words: WORK EMPTY DATABASE HOST PORT USER, then mariadb-dump's argument list. What is there is dumped first, and put back when the new content does not
 * come in: the user who brings it may do no more than the site itself.
 */
const BRING = `${PASSWORD}work=$1 empty=$2 database=$3 host=$4 port=$5 user=$6
shift 6
client() { mariadb --no-defaults --host="$host" --port="$port" --user="$user" --skip-ssl-verify-server-cert --default-character-set=utf8mb4 --local-infile=0 --loose-sandbox ${BRINGING_OPTIONS.map((option) => `'${option}'`).join(" ")} "$@"; }
"$@" >"$work/former.sql"
bring() { client --execute="$empty" && client --binary-mode "$database" <"$1"; }
bring "$work/stored.sql" && exit 0
echo 'the former content is put back' >&2
bring "$work/former.sql" || echo 'ERROR the former content could not be put back: restore the backup from before' >&2
exit 1
`;

/** What the database's steps of a backup's Job run, as the site's own user over the network; the scratch server is in its own container. */
export function databaseArgv(record: SiteRecord, broken: readonly string[]) {
  const { name, host, port, user } = siteDatabase(record);
  const { charset, collation } = traitsOf(record, { name, user });
  const where = [host, String(port), user];
  const dump = comparableDumpArgv(record, []).filter((option) => !/^--(defaults-file|socket)=/.test(option));
  const ignored = broken.map((view) => `--ignore-table=${name}.${view}`);
  const place = [
    "--no-defaults",
    `--host=${host}`,
    `--port=${String(port)}`,
    `--user=${user}`,
    "--skip-ssl-verify-server-cert",
    ...ignored,
  ];
  const fromSite = dump.toSpliced(1, 0, ...place);
  const tables = sql`SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${text(name)} AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')`;
  const empty = sql`DROP DATABASE IF EXISTS ${identifier(name)}; CREATE DATABASE ${identifier(name)} CHARACTER SET ${word(charset)} COLLATE ${word(collation)}`;
  const scratch = scratchArgv({ database: traitsOf(record, { name, user }), dump: scratchDump(record) });
  return {
    dump: ["sh", "-c", DUMP, "sh", BACKUP_PATHS.work, tables.text, ...where, ...fromSite],
    scratch: ["sh", "-c", 'from=$1 to=$2\nshift 2\nexec "$@" <"$from" >"$to"', "sh", BACKUP_PATHS.stored, BACKUP_PATHS.again, ...scratch],
    bring: ["sh", "-c", BRING, "sh", BACKUP_PATHS.work, empty.text, name, ...where, ...fromSite],
  } as const;
}

/** By its socket, wherever the site's own server is. */
function scratchDump({ database, ...record }: SiteRecord): string[] {
  if (database === null) return [];
  const { client: _outside, ...own } = database;
  return comparableDumpArgv({ ...record, database: own }, []);
}
