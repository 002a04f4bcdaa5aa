import { PassThrough, Transform } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { DATABASE_PATHS } from "../../render/database/server-options.ts";
import { byteProgress } from "../database/byte-progress.ts";
import { DUMP_TRAILER, dumpArgv } from "../database/dump-database.ts";
import { scanned } from "../database/inspect-dump.ts";
import { lastLines } from "../database/last-lines.ts";
import { BRINGING_OPTIONS, clientArgv, serverTarget, siteDatabase, sitePassword } from "../database/site-database.ts";
import { SqlScanner } from "../database/sql-scanner.ts";
import type { EngineContext, Ports } from "../ports.ts";
import type { Copied, CopyRequest, ReplayRequest } from "./carry-request.ts";
import type { Carrier } from "./move-journal.ts";
import { withoutGlobalIds } from "./without-global-ids.ts";

export type CarrierPorts = Pick<Ports, "engine" | "secrets">;

/** What a table's character set means when its statement does not say which collation: on newer servers something else than where it was made. */
const PRELUDE = "/*!110201 SET SESSION character_set_collations='' */;\n";
const HEAD_BYTES = 64 * 1024;
const COPY = "move/copy";

/** Programs in the servers' containers, with this process between them: nothing lies on a disk on the way. */
export function execCarrier(ports: CarrierPorts): Carrier {
  return {
    copy: (request, context) => copy(request, ports, context),
    replay: (request, context) => replay(request, ports, context),
    async readsLog(record, context) {
      const said = lastLines().stream;
      const request = { argv: ["mariadb-binlog", "--version"], stdin: "none", stdout: said, stderr: said } as const;
      return (await ports.engine.exec(serverTarget(record), request, context)) === 0;
    },
    async room(record, context) {
      if (siteDatabase(record).client !== undefined) return null;
      const stdout = new PassThrough();
      const said = text(stdout);
      const argv = ["/bin/busybox", "df", "-Pk", DATABASE_PATHS.volume];
      const code = await ports.engine.exec(serverTarget(record), { argv, stdin: "none", stdout, stderr: lastLines().stream }, context);
      stdout.end();
      const free = Number((await said).trim().split("\n").at(-1)?.split(/\s+/)[3]);
      return code === 0 && Number.isFinite(free) ? free * 1024 : null;
    },
  };
}

/** The dump of one server's database, fed to the other's client as the site's own user there: what it holds can't leave that database. */
async function copy(request: CopyRequest, ports: CarrierPorts, context: EngineContext): Promise<Copied> {
  const database = siteDatabase(request.from);
  const argv = dumpArgv(database, request.leftOut);
  if (request.withPosition) argv.splice(argv.indexOf("--"), 0, "--master-data=2");
  const progress = byteProgress(context.emit, COPY, request.bytes);
  let head = "";
  const look = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (head.length < HEAD_BYTES) head += chunk.toString("latin1");
      done(null, chunk);
    },
  });
  const transforms = [look, progress.stream, scanned(new SqlScanner())];
  await carry(
    request,
    { argv, transforms, what: "copy", as: { user: database.user, password: await sitePassword(request.to, ports) } },
    ports,
    context,
  );
  if (!DUMP_TRAILER.test(progress.tail())) throw failed("copy", 0, ["the last line of the dump is missing, so it is not whole"]);
  const [, file, at] = /^-- CHANGE MASTER TO MASTER_LOG_FILE='([^']+)', MASTER_LOG_POS=(\d+)/m.exec(head) ?? [];
  const position = request.withPosition && file !== undefined ? { file, position: Number(at) } : null;
  return { bytes: progress.bytes(), position };
}

/** The source's log as statements, only of this database, fed to the other's client as an account that may do nothing else. */
async function replay(request: ReplayRequest, ports: CarrierPorts, context: EngineContext): Promise<void> {
  const { name, client } = siteDatabase(request.from);
  const argv = [
    "mariadb-binlog",
    `--defaults-file=${DATABASE_PATHS.clientFile}`,
    ...(client === undefined ? [`--socket=${DATABASE_PATHS.socket}`] : []),
    "--read-from-remote-server",
    `--database=${name}`,
    `--start-position=${String(request.begin.position)}`,
    `--stop-position=${String(request.end.position)}`,
    ...request.files.map(({ file }) => file),
  ];
  await carry(request, { argv, transforms: [withoutGlobalIds()], what: "replay", as: request.as }, ports, context);
}

/** What runs beside the source, and who takes it on the other side. */
interface Carried {
  readonly argv: readonly string[];
  readonly transforms: readonly NodeJS.ReadWriteStream[];
  readonly what: "copy" | "replay";
  readonly as: ReplayRequest["as"];
}

/** Both programs, and the stream between them; the first that fails ends the other. */
async function carry(
  { from, to }: Pick<CopyRequest, "from" | "to">,
  { argv, transforms, what, as }: Carried,
  { engine }: CarrierPorts,
  context: EngineContext,
): Promise<void> {
  const stopped = new AbortController();
  const during = { ...context, signal: AbortSignal.any([context.signal, stopped.signal]) };
  const [source, stdin] = [new PassThrough(), new PassThrough()];
  const [sourceSaid, clientSaid] = [lastLines(), lastLines()];
  const there = { ...to, database: { ...siteDatabase(to), user: as.user } };
  stdin.write(`${as.password.reveal()}\n${PRELUDE}`);
  const options = ["--binary-mode", "--batch", ...BRINGING_OPTIONS];
  const client = engine.exec(
    serverTarget(to),
    { argv: clientArgv(there, "stdin", options), stdin, stdout: clientSaid.stream, stderr: clientSaid.stream },
    during,
  );
  const program = engine.exec(serverTarget(from), { argv, stdin: "none", stdout: source, stderr: sourceSaid.stream }, during);
  const streamed = pipeline([source, ...transforms, stdin], { signal: during.signal });
  const ended = await Promise.allSettled([
    client.then((code) => {
      if (code !== 0) stopped.abort();
      return code;
    }),
    program.then((code) => {
      // A client that is told an end takes what came before for all there was.
      if (code === 0) source.end();
      else stopped.abort();
      return code;
    }, stopOthers(stopped)),
    streamed.catch(stopOthers(stopped)),
  ]);
  context.signal.throwIfAborted();
  const [clientEnd, programEnd, streamEnd] = ended;
  if (clientEnd.status === "fulfilled" && clientEnd.value !== 0) throw failed(what, clientEnd.value, clientSaid.lines());
  if (programEnd.status === "fulfilled" && programEnd.value !== 0) throw failed(what, programEnd.value, sourceSaid.lines());
  for (const end of [programEnd, clientEnd, streamEnd]) if (end.status === "rejected") throw end.reason;
}

function stopOthers(stopped: AbortController): (error: unknown) => never {
  return (error) => {
    stopped.abort();
    throw error;
  };
}

function failed(what: "copy" | "replay", code: number, output: readonly string[]): HowdahError {
  const words = what === "copy" ? "The copy of the database" : "Bringing what was written during the copy";
  return new HowdahError(
    what === "copy" ? "database/copy-failed" : "database/catch-up-failed",
    `${words} stopped (exit code ${String(code)})`,
    {
      output,
    },
  );
}
