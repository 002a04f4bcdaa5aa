import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { get } from "node:https";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

/** What a watch keeps up to date. */
export interface Watched<T> {
  /** Everything there is, by uid; undefined until the first list has come. */
  readonly objects: () => ReadonlyMap<string, T> | undefined;
}

interface WatchLine {
  readonly type: string;
  readonly object: { readonly metadata?: { readonly uid?: string; readonly resourceVersion?: string }; readonly code?: number };
}

const WATCH_SECONDS = 240;
const PROBE_AFTER_MS = 3000;

/**
 * Keeps all objects of one path of the API (`/api/v1/pods`), each made smaller by `keep` (undefined: not of interest), until the process ends.
 * Never gives up: after any failure it lists again, a little later each time; what it knew holds until then, as rules must when the API is away.
 */
export function watchApi<T>(kubeconfig: string, path: string, keep: (object: unknown) => T | undefined, changed: () => void): Watched<T> {
  const api = { ...accessOf(kubeconfig), path };
  let objects: Map<string, T> | undefined;

  async function listAndWatch(): Promise<void> {
    const { items, resourceVersion } = await list(api);
    objects = new Map();
    for (const item of items) put(item);
    changed();
    let from = resourceVersion;
    for (;;) from = await watch(from);
  }

  /** Answers whether that says anything new. */
  function put(object: WatchLine["object"]): boolean {
    const uid = object.metadata?.uid ?? "";
    const kept = keep(object);
    if (kept === undefined) return objects?.delete(uid) ?? false;
    const news = JSON.stringify(objects?.get(uid)) !== JSON.stringify(kept);
    objects?.set(uid, kept);
    return news;
  }

  /** One watch to its end; answers where the next one goes on. */
  async function watch(from: string): Promise<string> {
    const query = `watch=1&allowWatchBookmarks=true&timeoutSeconds=${String(WATCH_SECONDS)}&resourceVersion=${from}`;
    const answer = await ask(api, query, AbortSignal.timeout((WATCH_SECONDS + 30) * 1000));
    let last = from;
    for await (const line of createInterface({ input: answer })) {
      const { type, object } = JSON.parse(line) as WatchLine;
      if (type === "ERROR") throw new Error(`${path}: the watch ended with code ${String(object.code)}`);
      last = object.metadata?.resourceVersion ?? last;
      if (type === "BOOKMARK") continue;
      const news = type === "DELETED" ? objects?.delete(object.metadata?.uid ?? "") : put(object);
      if (news === true) changed();
    }
    return last;
  }

  void (async () => {
    for (let failures = 0; ; failures += 1) {
      const started = performance.now();
      await listAndWatch().catch((error: unknown) => {
        console.error(`${path}: ${String(error)}`);
      });
      if (performance.now() - started > 60_000) failures = 0;
      await sleep(Math.min(5000, 200 * 2 ** Math.min(failures, 5)) * (0.5 + Math.random()));
    }
  })();
  return { objects: () => objects };
}

interface Access {
  readonly server: string;
  readonly options: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer };
}

type Api = Access & { readonly path: string };

/** The test cluster writes its kubeconfig itself, as JSON with certificates inside: a client library for this would cost each node 100 MB. */
function accessOf(kubeconfig: string): Access {
  const { clusters, users } = JSON.parse(readFileSync(kubeconfig, "utf8")) as {
    readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[];
    readonly users: readonly { readonly user: Readonly<Record<string, string>> }[];
  };
  const cluster = clusters[0]?.cluster ?? {};
  const user = users[0]?.user ?? {};
  const bytes = (text = ""): Buffer => Buffer.from(text, "base64");
  return {
    server: cluster["server"] ?? "",
    options: {
      ca: bytes(cluster["certificate-authority-data"]),
      cert: bytes(user["client-certificate-data"]),
      key: bytes(user["client-key-data"]),
    },
  };
}

async function list(api: Api): Promise<{ items: readonly WatchLine["object"][]; resourceVersion: string }> {
  const answer = await ask(api, "", AbortSignal.timeout(60_000));
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const { items, metadata } = JSON.parse(Buffer.concat(chunks).toString()) as {
    readonly items: readonly WatchLine["object"][];
    readonly metadata: { readonly resourceVersion: string };
  };
  return { items, resourceVersion: metadata.resourceVersion };
}

async function ask({ server, options, path }: Api, query: string, signal: AbortSignal): Promise<IncomingMessage> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = get(`${server}${path}?${query}`, { ...options, signal }, resolve);
    request.once("error", reject);
    // A watch only listens: without probes it would not learn that the API server's machine has died and is another now.
    request.once("socket", (socket) => socket.setKeepAlive(true, PROBE_AFTER_MS));
  });
  if (answer.statusCode !== 200) {
    answer.resume();
    throw new Error(`${path}: HTTP ${String(answer.statusCode)}`);
  }
  return answer;
}
