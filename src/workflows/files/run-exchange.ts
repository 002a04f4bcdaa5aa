import { Readable, type Writable } from "node:stream";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { lastLines } from "../database/last-lines.ts";
import { phpTarget } from "../php-target.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { writableRoots } from "./mount-path.ts";

const PROGRAM = "/usr/lib/howdah/exchange.php";
const REFUSED = 77;

/** One run of the exchange program in the site's PHP container. */
export interface Exchange {
  readonly verb: "list" | "pack" | "unpack";
  /** Absolute in the container. */
  readonly path: string;
  readonly stdin?: Readable;
  readonly stdout?: Writable;
}

/**
 * Runs it in the running container, or in one of its own while the site is down. Answers what it left out.
 * Errors: `data/path-refused` for paths and archives that lead elsewhere, `usage/invalid` with its words for the rest.
 */
export async function runExchange(
  record: SiteRecord,
  exchange: Exchange,
  ports: Pick<Ports, "engine">,
  context: EngineContext,
): Promise<readonly string[]> {
  const target = phpTarget(record.site, record.namespace);
  const roots = writableRoots(record.site);
  const words = lastLines();
  const request = {
    argv: ["/usr/bin/php", "-d", "realpath_cache_size=0", PROGRAM, exchange.verb, JSON.stringify(roots), exchange.path],
    stdin: exchange.stdin ?? "none",
    stdout: exchange.stdout ?? words.stream,
    stderr: words.stream,
  } as const;
  const code = await ports.engine.exec(target, request, context).catch(async (error: unknown) => {
    if (!(error instanceof HowdahError && error.code === "engine/not-ready")) throw error;
    // Bytes need a connection: what a pod of its own says on a cluster comes as lines of a log.
    const stdin = request.stdin === "none" && exchange.stdout !== undefined ? Readable.from([]) : request.stdin;
    return await ports.engine.runOnce(target, { ...request, stdin }, context);
  });
  if (code === 0) return words.lines();
  const message = words.lines().at(-1) ?? `${exchange.verb} ended with exit code ${code}`;
  throw new HowdahError(code === REFUSED ? "data/path-refused" : "usage/invalid", message, { output: words.lines() });
}
