import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../../kernel/own-names.ts";
import { DATABASE_CONTAINER } from "../../../render/database/database-name.ts";
import { renderServerCopy, SERVER_COPY_NAME } from "../../../render/database/render-server-copy.ts";
import { copyArgv } from "../../../render/database/copy-argv.ts";
import { byteProgress } from "../../database/byte-progress.ts";
import { lastLines } from "../../database/last-lines.ts";
import type { EngineContext, Ports } from "../../ports.ts";

/** Which server is copied with which image, and where to; progress is told of the task `id`. */
export interface ServerCopy {
  readonly server: string;
  readonly image: string;
  readonly output: Writable;
  readonly id: string;
}

const POSITION = /binlog position: filename '([^']+)', position '(\d+)'/;
const WHOLE = /completed OK!/;

/**
 * Copies a server's files as of one moment to `output`, as a stream that mbstream unpacks: in a container of its own on the same volume, with the server told
 * by BACKUP STAGE what is going on, so that nobody who writes waits for the copying. Answers where the binlog was. Error: `backup/failed` with the reason.
 */
export async function copyServer(
  { server, image, output, id }: ServerCopy,
  ports: Pick<Ports, "engine">,
  context: EngineContext,
): Promise<{ readonly file: string; readonly offset: number } | null> {
  const address = await ports.engine.locate(SYSTEM_NAMESPACE, server);
  if (address === undefined) throw new HowdahError("engine/not-ready", `The database server ${server} does not run`);
  const errors = lastLines(200);
  const progress = byteProgress(context.emit, id, 0);
  const passed = pipeline(progress.stream, output, { end: false, signal: context.signal });
  passed.catch(() => {}); // awaited below
  const target = {
    namespace: SYSTEM_NAMESPACE,
    workload: SERVER_COPY_NAME,
    container: DATABASE_CONTAINER,
    desired: renderServerCopy(image, server, "read"),
  };
  // With a standard input its output is bytes; without one an engine may take it for text.
  const request = { argv: copyArgv(address), stdin: Readable.from([]), stdout: progress.stream, stderr: errors.stream } as const;
  const code = await ports.engine.runOnce(target, request, context);
  progress.stream.end();
  await passed;
  const said = errors.lines();
  if (code !== 0 || !said.some((line) => WHOLE.test(line)))
    throw new HowdahError("backup/failed", `The files of ${server} could not be copied: ${reasonOf(said, code)}`, { output: said });
  const found = POSITION.exec(said.findLast((line) => POSITION.test(line)) ?? "");
  return found === null ? null : { file: found[1] ?? "", offset: Number(found[2]) };
}

/** What mariadb-backup, or a server that it started, says that went wrong. */
export function reasonOf(said: readonly string[], code: number): string {
  const words = said.filter((line) => !/\[(Note|00)\]|\b0 \[Note\]/.test(line) || /error/i.test(line));
  return words.findLast((line) => /error|fatal|failed|denied/i.test(line)) ?? words.at(-1) ?? `exit code ${String(code)}`;
}
