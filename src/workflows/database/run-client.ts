import { PassThrough, Readable } from "node:stream";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { lastLines } from "./last-lines.ts";
import { clientArgv, serverTarget, siteDatabase, sitePassword } from "./site-database.ts";

export type ClientPorts = Pick<Ports, "engine" | "secrets">;

/** What the client gets: statements as a stream, and options of its own. */
interface ClientInput {
  readonly statements: Readable;
  readonly options?: readonly string[];
}

/**
 * Runs the client in the server's container as the site's own user: the password as the first line, then the statements. The first that
 * the server refuses ends it. Answers the exit code and the last lines. Error: `database/failed` when the password is lost.
 */
export async function runClient(
  record: SiteRecord,
  { statements, options = [] }: ClientInput,
  ports: ClientPorts,
  context: EngineContext,
): Promise<{ readonly code: number; readonly output: readonly string[] }> {
  const stdin = new PassThrough();
  stdin.write(`${(await sitePassword(record, ports)).reveal()}\n`);
  stdin.on("error", () => {}); // of the sender, who tells it; a client that ended no longer listens
  statements.on("error", (error) => stdin.destroy(error)).pipe(stdin);
  const errors = lastLines();
  const argv = clientArgv(record, "stdin", ["--binary-mode", "--batch", ...options]);
  const code = await ports.engine.exec(serverTarget(record), { argv, stdin, stdout: errors.stream, stderr: errors.stream }, context);
  return { code, output: errors.lines() };
}

/** Logs in as the site's user and asks for nothing: whatever replaces data proves first that it could fill the database again. */
export async function logIn(record: SiteRecord, ports: ClientPorts, context: EngineContext): Promise<void> {
  const { code, output } = await runClient(record, { statements: Readable.from(["SELECT 1;\n"]) }, ports, context);
  if (code === 0) return;
  throw new HowdahError("database/failed", `The user of ${record.site.name}'s database ${siteDatabase(record).name} can't log in`, {
    output,
    hint: "Nothing was changed. `howdah up` mends the user and its password.",
  });
}
