import type { Readable, Writable } from "node:stream";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import { account, grantPattern, identifier, type Sql, sql, word } from "../../kernel/sql.ts";
import { DATABASE_CONTAINER } from "../../render/database/database-name.ts";
import { renderScratchServer, SCRATCH_NAME, scratchServerOptions } from "../../render/database/render-scratch-server.ts";
import { DATABASE_PATHS } from "../../render/database/server-options.ts";
import { lastLines } from "../database/last-lines.ts";
import type { EngineContext } from "../ports.ts";
import type { BackupPorts } from "./backup-ports.ts";

/** What is restored into a scratch server, and what is wanted back. */
export interface ScratchWork {
  readonly server: string;
  readonly database: {
    readonly name: string;
    readonly user: string;
    readonly charset: string;
    readonly collation: string;
  };
  /** SQL; with `replay` a tar of `base.sql` and binlogs. */
  readonly input: Readable;
  /** Until when binlogs are replayed (`2026-11-22 10:05:01`, UTC, not included), from which place in the first. */
  readonly replay?: { readonly position: number; readonly stop: string };
  /** mariadb-dump's arguments; what it writes goes to `output`. */
  readonly dump: readonly string[];
  readonly output: Writable;
}

/** The account of whoever works in the scratch server: it listens to a socket in its own container alone. */
const ADMIN = sql`'howdah'@'localhost'`;
const INIT = [sql`CREATE USER IF NOT EXISTS ${ADMIN}`, sql`GRANT ALL PRIVILEGES ON *.* TO ${ADMIN} WITH GRANT OPTION`];

/**
 * By busybox' shell, whose words are these and no other: MY.CNF INIT.SQL PRELUDE DATABASE POSITION STOP, then mariadb-dump's argument list. Standard
 * input is what is restored, standard output is the dump of what came of it.
 */
const SCRIPT = `set -euo pipefail
umask 077
config=$1 init=$2 prelude=$3 database=$4 position=$5 stop=$6
shift 6
printf '%s' "$config" >${DATABASE_PATHS.configFile}
printf '%s' "$init" >${DATABASE_PATHS.initFile}
printf '[client]\\nuser=howdah\\nsocket=${DATABASE_PATHS.socket}\\nmax-allowed-packet=1G\\n' >${DATABASE_PATHS.clientFile}
${DATABASE_PATHS.entrypoint} </dev/null >&2 &
server=$!
client="mariadb --defaults-file=${DATABASE_PATHS.clientFile} --default-character-set=utf8mb4"
until $client --execute='SELECT 1' >/dev/null 2>&1; do
  kill -0 $server 2>/dev/null || { echo 'the scratch server did not start' >&2; exit 1; }
  sleep 0.2
done
$client --execute="$prelude"
if [ "$stop" = none ]; then
  $client --binary-mode "$database"
else
  mkdir ${DATABASE_PATHS.temporary}/in
  tar -x -f - -C ${DATABASE_PATHS.temporary}/in
  $client --binary-mode "$database" <${DATABASE_PATHS.temporary}/in/base.sql
  rm ${DATABASE_PATHS.temporary}/in/base.sql
  if [ -n "$(ls ${DATABASE_PATHS.temporary}/in)" ]; then
    TZ=UTC mariadb-binlog --no-defaults --database="$database" --start-position="$position" --stop-datetime="$stop" ${DATABASE_PATHS.temporary}/in/* | $client --binary-mode "$database"
  fi
fi
"$@"
`;

/** Runs the scratch server from its start to its end. Error: `backup/damaged` with the server's words when the content is refused. */
export async function scratchDatabase(work: ScratchWork, ports: Pick<BackupPorts, "engine">, context: EngineContext): Promise<void> {
  const image = await imageOf(work.server, ports);
  const errors = lastLines();
  const request = {
    argv: scratchArgv(work),
    stdin: work.input,
    stdout: work.output,
    stderr: errors.stream,
  } as const;
  const target = {
    namespace: SYSTEM_NAMESPACE,
    workload: SCRATCH_NAME,
    container: DATABASE_CONTAINER,
    desired: renderScratchServer(image),
  };
  const code = await ports.engine.runOnce(target, request, context);
  if (code === 0) return;
  const said = errors.lines().filter((line) => !line.includes("[Note]"));
  const why = said.findLast((line) => line.startsWith("ERROR")) ?? said.at(-1) ?? `exit code ${String(code)}`;
  throw new HowdahError("backup/damaged", `The backup could not be restored into a scratch server: ${why}`, { output: said });
}

/** The program of a container that is such a server: in one of Howdah's images for MariaDB, with its directories to write to. */
export function scratchArgv(work: Pick<ScratchWork, "database" | "replay" | "dump">): readonly string[] {
  const { name } = work.database;
  const { position, stop } = work.replay ?? { position: 4, stop: "none" };
  const words = [scratchServerOptions(), printed(INIT), printed(prelude(work)), name, String(position), stop, ...work.dump];
  return ["sh", "-c", SCRIPT, "sh", ...words];
}

function printed(statements: readonly Sql[]): string {
  return statements.map(({ text }) => `${text};\n`).join("");
}

/** A database of the same name and traits, so that its dump is the same text; and its user, whom views and routines name. */
function prelude({ database: { name, user, charset, collation } }: Pick<ScratchWork, "database">): readonly Sql[] {
  return [
    sql`CREATE DATABASE ${identifier(name)} CHARACTER SET ${word(charset)} COLLATE ${word(collation)}`,
    sql`CREATE USER ${account(user)}`,
    sql`GRANT ALL PRIVILEGES ON ${grantPattern(name)}.* TO ${account(user)}`,
  ];
}

/** The image that the real server runs on. Error: `engine/not-ready`. */
async function imageOf(server: string, ports: Pick<BackupPorts, "engine">): Promise<string> {
  const { pods } = await ports.engine.observe(SYSTEM_NAMESPACE);
  const found = pods.find((pod) => pod.workload === server)?.containers.find((one) => one.name === DATABASE_CONTAINER);
  if (found !== undefined) return found.image;
  throw new HowdahError("engine/not-ready", `The database server ${server} does not run, so there is no image to restore with`);
}
