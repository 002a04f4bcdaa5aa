import { randomBytes } from "node:crypto";
import { PassThrough, Readable } from "node:stream";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { DATABASE_PATHS } from "../../render/database/server-options.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { lastLines } from "./last-lines.ts";
import { clientArgv, serverTarget, sitePassword } from "./site-database.ts";

/**
 * The interactive client as the site's user; answers its exit code. With a terminal the password goes ahead into a file on the
 * container's tmpfs that the client's wrapper removes before the client starts; without one (`howdah db shell <file`) it is the
 * first line of standard input.
 */
export async function databaseShell(
  record: SiteRecord,
  terminal: { readonly tty: boolean; readonly stdin: Readable },
  ports: Pick<Ports, "engine" | "secrets">,
  context: EngineContext,
): Promise<number> {
  const target = serverTarget(record);
  const password = await sitePassword(record, ports);
  if (!terminal.tty) {
    const stdin = new PassThrough();
    stdin.write(`${password.reveal()}\n`);
    terminal.stdin.pipe(stdin);
    const argv = clientArgv(record, "stdin", ["--binary-mode"]);
    return await ports.engine.exec(target, { argv, stdin, stdout: "inherit", stderr: "inherit" }, context);
  }
  const file = `${DATABASE_PATHS.run}/client-${randomBytes(12).toString("hex")}`;
  const helper = async (verb: "keep" | "forget", stdin: Readable | "none", during: EngineContext): Promise<void> => {
    const errors = lastLines();
    const argv = [DATABASE_PATHS.clientScript, verb, file];
    const code = await ports.engine.exec(target, { argv, stdin, stdout: errors.stream, stderr: errors.stream }, during);
    if (code !== 0) throw new HowdahError("database/failed", "The database client could not be prepared", { output: errors.lines() });
  };
  try {
    await helper("keep", Readable.from([`${password.reveal()}\n`]), context);
    const request = { argv: clientArgv(record, file, []), stdin: "inherit", stdout: "inherit", stderr: "inherit", tty: true } as const;
    return await ports.engine.exec(target, request, context);
  } finally {
    await helper("forget", "none", { emit: context.emit, signal: new AbortController().signal });
  }
}
