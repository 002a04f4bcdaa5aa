import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Clock } from "../kernel/clock.ts";
import type { StructuredLog } from "../kernel/structured-log.ts";
import type { DeliveryAnswer } from "../workflows/review/receive-delivery.ts";
import type { Delivery } from "../workflows/review/verify-delivery.ts";

/** What receiving calls of platforms needs. */
export interface ReviewServerParts {
  /** Where to listen: none, nothing listens. */
  readonly places: () => Promise<readonly { readonly address: string; readonly port: number }[]>;
  readonly receive: (site: string, delivery: Delivery) => Promise<DeliveryAnswer>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: StructuredLog;
}

/** A description of GitLab's is a million characters at most. */
const MOST_BYTES = 4 * 1024 * 1024;
/** Bodies that are read at once: what somebody without a secret can make the agent hold. */
const MOST_AT_ONCE = 8;
const MOST_CONNECTIONS = 64;
const LOOK_MS = 1000;

/** Listens where the reviews of this machine say, and follows them. `POST /review/SITE` is a platform's call. Ends with the signal. */
export async function reviewServer(parts: ReviewServerParts): Promise<void> {
  const servers = new Map<string, Server>();
  const refused = new Set<string>();
  while (!parts.signal.aborted) {
    const places = await parts.places().catch(() => []);
    const wanted = new Map(places.map((place) => [`${place.address} ${String(place.port)}`, place]));
    for (const [name, server] of servers)
      if (!wanted.has(name)) {
        close(server);
        servers.delete(name);
      }
    for (const [name, place] of wanted) {
      if (servers.has(name)) continue;
      const server = await listen(place, parts).catch((error: unknown) => {
        if (!refused.has(name)) parts.log({ level: "error", msg: "webhooks can't be received", ...place, error: String(error) });
        refused.add(name);
        return undefined;
      });
      if (server === undefined) continue;
      refused.delete(name);
      servers.set(name, server);
      parts.log({ level: "info", msg: "webhooks are received", ...place });
    }
    await parts.clock.sleep(LOOK_MS, parts.signal).catch(() => undefined);
  }
  for (const server of servers.values()) close(server);
}

function close(server: Server): void {
  server.close();
  server.closeAllConnections();
}

async function listen({ address, port }: { readonly address: string; readonly port: number }, parts: ReviewServerParts): Promise<Server> {
  let reading = 0;
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 30_000, maxHeaderSize: 16_384 }, (request, response) => {
    if (reading >= MOST_AT_ONCE) {
      answer(response, { status: 503, says: "too many at once" });
      return;
    }
    reading += 1;
    void answered(request, parts)
      .then((said) => answer(response, said))
      .finally(() => {
        reading -= 1;
      });
  });
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: address, port }, resolve);
  });
  return server;
}

async function answered(request: IncomingMessage, { receive, log }: ReviewServerParts): Promise<DeliveryAnswer> {
  const [, site] = /^\/review\/([a-z0-9-]{1,63})$/.exec(request.url ?? "") ?? [];
  if (site === undefined) return { status: 404, says: "no review is set up here" };
  if (request.method !== "POST") return { status: 405, says: "a platform's call is a POST" };
  try {
    const body = await bodyOf(request);
    if (body === undefined) return { status: 413, says: "more than 4 MiB" };
    return await receive(site, { headers: headersOf(request), body });
  } catch (error) {
    log({
      level: "warning",
      msg: "a call of a platform could not be taken",
      site,
      error: error instanceof Error ? error.message : String(error),
    });
    return { status: 500, says: "it could not be written down" };
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > MOST_BYTES) return undefined;
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MOST_BYTES) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Of a header that came twice only the first is known, and of those that platforms send none does. */
function headersOf({ headers }: IncomingMessage): Delivery["headers"] {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]));
}

function answer(response: ServerResponse, { status, says }: DeliveryAnswer): void {
  response.writeHead(status, { "content-type": "application/json", connection: "close" });
  response.end(`${JSON.stringify({ says })}\n`);
}
