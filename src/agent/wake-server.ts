import { lstat, rm } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { Engine, EngineContext } from "../engine/engine.ts";
import type { Clock } from "../kernel/clock.ts";
import type { StructuredLog } from "../kernel/structured-log.ts";

/** What waking sites needs. */
export interface WakeParts {
  readonly engine: Pick<Engine, "use" | "ensureAwake">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: StructuredLog;
  /** Where the edge asks: a socket in a directory that the edge makes, and that goes with it. */
  readonly socket: string;
}

/** A visitor is answered then; waking goes on for the next one. The edge waits longer (src/render/nginx/render-idle.ts). */
const DEADLINE_MS = 30_000;
/** After a failure nobody wakes the site again for so long: a site that can't be woken must not keep the machine busy. */
const AFTER_FAILURE_MS = 10_000;
/** The edge's directory may come later than the agent, and come anew. */
const LISTEN_MS = 2000;

/**
 * Answers the edge, which holds the visitors of sites that sleep: `/wake/NAMESPACE` is 204 with `X-Howdah-Backend: ADDRESS:PORT` when the
 * site serves, else 403 after 30 seconds at most. However many ask, a site is woken once. Ends with the signal.
 */
export async function wakeServer(parts: WakeParts): Promise<void> {
  const wake = waker(parts);
  let listening: { readonly server: Server; readonly inode: number } | undefined;
  while (!parts.signal.aborted) {
    const found = await lstat(parts.socket).catch(() => undefined);
    if (listening === undefined || found?.ino !== listening.inode) {
      listening?.server.close();
      listening = await listen(parts.socket, wake).catch(() => undefined); // no edge yet
    }
    await parts.clock.sleep(LISTEN_MS, parts.signal).catch(() => undefined);
  }
  listening?.server.close();
  listening?.server.closeAllConnections();
}

type Wake = (namespace: string) => Promise<string>;

async function listen(socket: string, wake: Wake): Promise<{ server: Server; inode: number }> {
  await rm(socket, { force: true });
  const server = createServer((request, response) => {
    const [, namespace] = /^\/wake\/([a-z0-9-]{1,63})$/.exec(request.url ?? "") ?? [];
    void answer(response, namespace === undefined ? Promise.reject(new Error("no site")) : wake(namespace));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    // The edge, another user, must be able to connect. Its directory lets nobody else in; changing the mode by name afterwards would follow
    // a link that the edge put there instead.
    const former = process.umask(0);
    try {
      server.listen({ path: socket }, resolve);
    } finally {
      process.umask(former);
    }
  });
  return { server, inode: (await lstat(socket)).ino };
}

async function answer(response: ServerResponse, waking: Promise<string>): Promise<void> {
  const backend = await waking.catch(() => undefined);
  if (backend === undefined) response.writeHead(403);
  else response.writeHead(204, { "x-howdah-backend": backend });
  response.end();
}

function waker(parts: WakeParts): Wake {
  const flights = new Map<string, Promise<string>>();
  const failed = new Map<string, number>();
  return async (namespace) => {
    const context: EngineContext = { signal: parts.signal, emit: () => undefined };
    if ((await parts.engine.use(namespace)).state !== "asleep") {
      return firstOf(await parts.engine.ensureAwake(namespace, context, { serving: () => undefined }));
    }
    if (parts.clock.now() - (failed.get(namespace) ?? Number.NEGATIVE_INFINITY) < AFTER_FAILURE_MS) throw new Error("it failed just now");
    const flight = flights.get(namespace) ?? takeOff(parts, namespace, context, { flights, failed });
    const deadline = parts.clock.sleep(DEADLINE_MS, parts.signal).then(() => Promise.reject(new Error("too slow")));
    return Promise.race([flight, deadline]);
  };
}

/** One waking of a site. Whoever waits is told as soon as pods serve; the next waking may begin when the way in has followed. */
function takeOff(
  { engine, clock, signal, log }: WakeParts,
  namespace: string,
  context: EngineContext,
  { flights, failed }: { readonly flights: Map<string, Promise<string>>; readonly failed: Map<string, number> },
): Promise<string> {
  const begun = clock.now();
  const flight = new Promise<string>((resolve, reject) => {
    const serving = (backends: readonly string[]): void => {
      log({ level: "info", msg: "woken", site: namespace, milliseconds: clock.now() - begun });
      failed.delete(namespace);
      resolve(firstOf(backends));
    };
    engine
      .ensureAwake(namespace, context, { serving })
      .then((backends) => resolve(firstOf(backends)))
      .catch((error: unknown) => {
        failed.set(namespace, clock.now());
        if (!signal.aborted)
          log({
            level: "error",
            msg: "could not be woken",
            site: namespace,
            error: error instanceof Error ? error.message : String(error),
          });
        reject(error instanceof Error ? error : new Error(String(error)));
      })
      .finally(() => flights.delete(namespace));
  });
  flights.set(namespace, flight);
  return flight;
}

/** The edge asks one backend; others take part when it leads to the site directly again. */
function firstOf(backends: readonly string[]): string {
  const [first] = backends;
  if (first === undefined) throw new Error("its pods do not serve");
  return first;
}
