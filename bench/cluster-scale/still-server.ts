import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { KubeObject } from "../../src/kubernetes/kubernetes-api.ts";
import { apiVersionOf, collectionPath, resources } from "../../src/kubernetes/resources.ts";
import { fenceFor, siteName } from "./sites.ts";

/** An API server that keeps saying of so many sites what a real one has said of one, and takes no change but that of a lease. */
export interface StillServer {
  readonly url: string;
  /** Requests that would have changed something, as `PATCH /path`. */
  readonly writes: readonly string[];
  close(): Promise<void>;
}

/** Objects as a real API server has them: those of one site's namespace (`siteName(0)`), and those of no site. */
export interface StillObjects {
  readonly site: readonly KubeObject[];
  readonly others: readonly KubeObject[];
}

/**
 * Starts one for `count` sites. Only texts of one site are held: each copy is written as it is asked for, so that a machine that can't run a cluster of
 * thousands of sites still shows what an operator of them costs. It says nothing of how quick a real server would be.
 */
export async function stillServer({ site, others }: StillObjects, count: number): Promise<StillServer> {
  const writes: string[] = [];
  const leases = new Map<string, Record<string, unknown>>();
  const texts = site.map((object) => ({ object, text: JSON.stringify(object) }));
  const names = Array.from({ length: count }, (_, index) => siteName(index));
  const pathOf = (object: KubeObject): string => {
    const resource = Object.values(resources).find((one) => one.kind === object.kind && apiVersionOf(one) === object.apiVersion);
    return resource === undefined ? "" : collectionPath(resource, undefined);
  };
  const all = (path: string, selector: string | null): Iterable<string> => {
    const terms = (selector ?? "").split(",").filter((term) => term !== "");
    const has = ({ metadata }: KubeObject): boolean =>
      terms.every((term) => {
        const [key = "", value] = term.split("=");
        return value === undefined ? metadata.labels?.[key] !== undefined : metadata.labels?.[key] === value;
      });
    const collection = path.replace(/\/namespaces\/[^/]+(?=\/)/, "");
    const ofKind = (object: KubeObject): boolean => pathOf(object) === collection && has(object);
    const within = /\/namespaces\/([^/]+)\//.exec(path)?.[1];
    return copies(
      texts.filter(({ object }) => ofKind(object)),
      within === undefined ? names : names.filter((name) => name === within),
      others.filter((object) => ofKind(object) && (within === undefined || object.metadata.namespace === within)),
    );
  };
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://still");
    const path = url.pathname;
    if (path.includes("/leases")) return lease(leases, request, response);
    if (request.method !== "GET") {
      writes.push(`${request.method ?? ""} ${path}`);
      return send(response, 403, { kind: "Status", status: "Failure", reason: "Forbidden", code: 403, message: "nothing changes here" });
    }
    if (path === "/version") return send(response, 200, { major: "1", minor: "34" });
    if (url.searchParams.get("watch") === "true") return watch(response, url, all(path, url.searchParams.get("labelSelector")));
    const isList = Object.values(resources).some(({ plural }) => path.endsWith(`/${plural}`));
    if (isList) {
      const items = [...all(path, url.searchParams.get("labelSelector"))].join(",");
      response.writeHead(200, { "content-type": "application/json" });
      return void response.end(`{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"1000000"},"items":[${items}]}`);
    }
    const name = path.slice(path.lastIndexOf("/") + 1);
    for (const text of all(path.slice(0, path.lastIndexOf("/")), null)) {
      if ((JSON.parse(text) as KubeObject).metadata.name !== name) continue;
      response.writeHead(200, { "content-type": "application/json" });
      return void response.end(text);
    }
    send(response, 404, {
      kind: "Status",
      status: "Failure",
      reason: "NotFound",
      code: 404,
      message: `${path} is not there`,
      details: { name },
    });
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    writes,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function* copies(
  texts: readonly { readonly object: KubeObject; readonly text: string }[],
  names: readonly string[],
  others: readonly KubeObject[],
): Iterable<string> {
  const word = new RegExp(`${siteName(0)}(?=["\\\\]|\\.svc\\b)`, "g");
  for (const { object, text } of texts) {
    for (const name of names) {
      const copy = text.replaceAll(word, name);
      const fence =
        object.kind === "NetworkPolicy" ? fenceFor(name).find(({ metadata }) => metadata.name === object.metadata.name) : undefined;
      if (fence === undefined) yield copy;
      else {
        const there = JSON.parse(copy) as KubeObject;
        yield JSON.stringify({ ...there, metadata: { ...there.metadata, annotations: fence.metadata.annotations } });
      }
    }
  }
  for (const object of others) yield JSON.stringify(object);
}

async function watch(response: ServerResponse, url: URL, objects: Iterable<string>): Promise<void> {
  response.writeHead(200, { "content-type": "application/json" });
  response.flushHeaders();
  if (url.searchParams.get("sendInitialEvents") === "true") {
    for (const text of objects) {
      if (response.write(`{"type":"ADDED","object":${text}}\n`)) continue;
      await new Promise((resolve) => response.once("drain", resolve));
    }
  }
  const bookmark = (annotations: object): string =>
    `${JSON.stringify({ type: "BOOKMARK", object: { kind: "Bookmark", apiVersion: "v1", metadata: { resourceVersion: "1000000", annotations } } })}\n`;
  response.write(bookmark({ "k8s.io/initial-events-end": "true" }));
  const ticking = setInterval(() => response.write(bookmark({})), 10_000);
  response.on("close", () => {
    clearInterval(ticking);
  });
}

async function lease(leases: Map<string, Record<string, unknown>>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const found = leases.get("lease");
  if (request.method === "GET") {
    return found === undefined
      ? send(response, 404, {
          kind: "Status",
          status: "Failure",
          reason: "NotFound",
          code: 404,
          message: "no lease",
          details: { name: "howdah-operator" },
        })
      : send(response, 200, found);
  }
  const { metadata, ...rest } = JSON.parse(Buffer.concat(chunks).toString("utf8")) as { metadata: Record<string, unknown> };
  const version = Number((found?.["metadata"] as { resourceVersion?: string } | undefined)?.resourceVersion ?? "0") + 1;
  const now = { ...rest, metadata: { ...metadata, uid: "lease", resourceVersion: String(version) } };
  leases.set("lease", now);
  send(response, request.method === "POST" ? 201 : 200, now);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
