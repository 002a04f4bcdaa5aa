import type { Writable } from "node:stream";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Sql } from "../../kernel/sql.ts";
import { DATABASE_CONTAINER } from "../../render/database/database-name.ts";
import { DATABASE_PATHS } from "../../render/database/server-options.ts";
import { lastLines } from "../database/last-lines.ts";
import type { EngineContext, Ports, SiteDatabase } from "../ports.ts";
import { workloadOfServer } from "../up/database-server.ts";

const MOST_LINES = 100_000;

/** A server by name; with `client`, one that its pod only leads to. */
export type AskedServer = Pick<SiteDatabase, "server" | "client">;

/**
 * Asks a database server as its administrator, beside the server, as mariadb-dump does. Answers rows of cells.
 * Error: `database/failed` with the server's words.
 */
export async function askServer(
  asked: AskedServer,
  statement: Sql,
  ports: Pick<Ports, "engine">,
  context: EngineContext,
): Promise<readonly (readonly string[])[]> {
  const place = asked.client === undefined ? [`--socket=${DATABASE_PATHS.socket}`] : [];
  const argv = ["mariadb", `--defaults-file=${DATABASE_PATHS.clientFile}`, ...place, "--batch", "--skip-column-names", "--raw"];
  const output = lastLines(MOST_LINES);
  await inServer(asked, { argv: [...argv, `--execute=${statement.text}`], stdout: output.stream }, ports, context);
  return output.lines().map((line) => line.split("\t"));
}

/** Runs a program in a server's container. Error: `database/failed` with its words. */
export async function inServer(
  { server }: Pick<AskedServer, "server">,
  { argv, stdout }: { readonly argv: readonly string[]; readonly stdout: Writable },
  ports: Pick<Ports, "engine">,
  context: EngineContext,
): Promise<void> {
  const errors = lastLines();
  const target = { ...workloadOfServer(server), container: DATABASE_CONTAINER };
  const code = await ports.engine.exec(target, { argv, stdin: "none", stdout, stderr: errors.stream }, context);
  if (code !== 0) throw new HowdahError("database/failed", `The server ${server} could not be asked`, { output: errors.lines() });
}
