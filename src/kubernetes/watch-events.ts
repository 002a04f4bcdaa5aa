import type { Readable } from "node:stream";
import type { Clock } from "../kernel/clock.ts";
import { HowdahError } from "../kernel/howdah-error.ts";
import type { ApiConnection } from "./api-connection.ts";
import { connectionFailure, failureOf, type KubeStatus } from "./api-failure.ts";
import { deadline, stopped } from "./deadline.ts";
import type { KubeObject, ListOptions, Resource, WatchEvent } from "./kubernetes-api.ts";
import { collectionPath, HOWDAH_GROUP } from "./resources.ts";

/** A watch, as `KubernetesApi.watch` has it. */
export interface WatchRequest {
  readonly resource: Resource;
  readonly options: ListOptions & { readonly from: string | undefined; readonly timeoutSeconds: number };
  readonly server: string;
  readonly clock: Clock;
}

/** Answers of a watch begin at once, also without events; a server with too much to do may queue the request. */
const FIRST_BYTE_MS = 20_000;
/** The server ends a watch after its `timeoutSeconds`; so long after that we do it ourselves. */
const GRACE_MS = 15_000;
const INITIAL_END = "k8s.io/initial-events-end";

/** The events of one watch; ends with the server's end. Errors: `cluster/expired` and others that an ERROR event means, `cluster/unreachable` for a broken stream. */
export async function* watchEvents(connection: ApiConnection, watch: WatchRequest, signal: AbortSignal): AsyncGenerator<WatchEvent> {
  const { resource, options, server, clock } = watch;
  using end = deadline(clock, options.timeoutSeconds * 1000 + GRACE_MS, signal);
  const body = await connection.open(
    {
      method: "GET",
      path: collectionPath(resource, options.namespace),
      query: {
        watch: "true",
        allowWatchBookmarks: "true",
        timeoutSeconds: String(options.timeoutSeconds),
        labelSelector: options.labelSelector,
        fieldSelector: options.fieldSelector,
        ...(options.from === undefined
          ? { sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" }
          : { resourceVersion: options.from }),
      },
      what: `watch ${resource.plural}`,
      repeatable: false, // the caller knows better when to come again
      ours: resource.group === HOWDAH_GROUP,
    },
    FIRST_BYTE_MS,
    end.signal,
  );
  try {
    for await (const line of linesOf(body)) {
      if (line !== "") yield eventOf(line, watch);
    }
  } catch (error) {
    if (signal.aborted) throw stopped(signal, error);
    if (end.signal.aborted) return; // the server should have ended it
    throw error instanceof HowdahError ? error : connectionFailure(error, server).error;
  } finally {
    body.destroy();
  }
}

interface RawEvent {
  readonly type: string;
  readonly object: KubeObject;
}

function eventOf(line: string, { resource, server }: WatchRequest): WatchEvent {
  let event: RawEvent;
  try {
    event = JSON.parse(line) as RawEvent;
  } catch (error) {
    throw new HowdahError("cluster/unreachable", `${server} broke the watch of ${resource.plural} off in the middle of an event`, {
      cause: error,
    });
  }
  const { type, object } = event;
  switch (type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return { type, object };
    case "BOOKMARK":
      return { type, object, ...(object.metadata.annotations?.[INITIAL_END] === "true" ? { initialEnd: true } : {}) };
    case "ERROR": {
      const status = object as unknown as KubeStatus;
      throw failureOf({
        status: status.code ?? 500,
        headers: {},
        body: JSON.stringify(object),
        what: `go on with the watch of ${resource.plural}`,
        ours: false,
      }).error;
    }
    default:
      throw new HowdahError("cluster/failed", `${server} sent an event of the unknown type ${JSON.stringify(type)}`);
  }
}

/** Lines of a stream. Bytes are joined before they become text: a chunk may end within a character. */
async function* linesOf(body: Readable): AsyncGenerator<string> {
  let open: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Buffer>) {
    let start = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, start)) {
      open.push(chunk.subarray(start, at));
      yield Buffer.concat(open).toString("utf8");
      open = [];
      start = at + 1;
    }
    if (start < chunk.length) open.push(chunk.subarray(start));
  }
  if (open.length > 0) yield Buffer.concat(open).toString("utf8");
}
