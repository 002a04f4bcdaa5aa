import type { KubeObject } from "../kubernetes-api.ts";
import type { SeenRequest } from "./fake-api-server.ts";

interface FakeEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly path: string;
  readonly version: number;
  readonly object: KubeObject;
}

interface FakeAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Objects by their paths, with versions, history, pages and preconditions as the real one has them; apply is a merge of the top fields. */
export class FakeObjects {
  readonly #objects = new Map<string, KubeObject>();
  readonly #events: FakeEvent[] = [];
  readonly #listeners = new Set<(event: FakeEvent) => void>();
  #losing = false;
  version = 100;
  /** Watches and pages from before this are told 410. */
  oldest = 0;
  /** At most so many objects a page, whatever is asked for. */
  page = 500;

  /** Puts an object at its collection's path: `/api/v1/namespaces/blog/configmaps`. */
  put(collection: string, object: KubeObject): KubeObject {
    const path = `${collection}/${object.metadata.name}`;
    const before = this.#objects.get(path);
    this.version += 1;
    const uid = before?.metadata.uid ?? `uid-${String(this.version)}`;
    const now: KubeObject = { ...object, metadata: { ...object.metadata, uid, resourceVersion: String(this.version) } };
    this.#objects.set(path, now);
    this.#tell(before === undefined ? "ADDED" : "MODIFIED", path, now);
    return now;
  }

  remove(collection: string, name: string): void {
    const path = `${collection}/${name}`;
    const before = this.#objects.get(path);
    if (before === undefined) return;
    this.version += 1;
    this.#objects.delete(path);
    this.#tell("DELETED", path, { ...before, metadata: { ...before.metadata, resourceVersion: String(this.version) } });
  }

  /** The history so far is forgotten, as after compaction. */
  compact(): void {
    this.version += 1;
    this.oldest = this.version;
    this.#events.length = 0;
  }

  below(collection: string): readonly KubeObject[] {
    return [...this.#objects].filter(([path]) => isBelow(path, collection)).map(([, object]) => object);
  }

  since(collection: string, version: number): readonly FakeEvent[] {
    return this.#events.filter((event) => event.version > version && isBelow(event.path, collection));
  }

  listen(collection: string, tell: (type: string, object: unknown) => void): () => void {
    const listener = (event: FakeEvent): void => {
      if (isBelow(event.path, collection)) tell(event.type, event.object);
    };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What is done meanwhile is told to nobody, now or later. */
  loseEvents(work: () => void): void {
    this.#losing = true;
    work();
    this.#losing = false;
  }

  /** Sends a bookmark to those who watch a collection. */
  bookmark(): void {
    const object = { apiVersion: "v1", kind: "Bookmark", metadata: { name: "", resourceVersion: String(this.version) } } as KubeObject;
    for (const listener of this.#listeners) listener({ type: "BOOKMARK" as "ADDED", path: "*", version: this.version, object });
  }

  answer({ method, path, query, body }: SeenRequest): FakeAnswer {
    if (path === "/version") return { status: 200, body: { major: "1", minor: "34+" } };
    const there = this.#objects.get(path);
    const collection = path.slice(0, path.lastIndexOf("/"));
    const sent =
      body === ""
        ? undefined
        : (JSON.parse(body) as KubeObject & { readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } });
    switch (method) {
      case "GET":
        if (there !== undefined) return { status: 200, body: there };
        return /\/(configmaps|leases|pods)$/.test(path) ? this.#list(path, query) : missing(path);
      case "POST":
        if (this.#objects.has(`${path}/${sent?.metadata.name ?? ""}`)) return refuse(409, "AlreadyExists", "already exists");
        return { status: 201, body: this.put(path, sent as KubeObject) };
      case "PUT":
      case "PATCH": {
        if (there === undefined && (method === "PUT" || query["force"] === undefined)) return missing(path);
        const { resourceVersion, uid } = sent?.metadata ?? {};
        if (resourceVersion !== undefined && resourceVersion !== there?.metadata.resourceVersion) return conflict();
        if (uid !== undefined && uid !== there?.metadata.uid) return conflict();
        return {
          status: 200,
          body: this.put(collection, { ...there, ...sent, metadata: { ...there?.metadata, ...sent?.metadata } } as KubeObject),
        };
      }
      default: {
        if (there === undefined) return missing(path);
        const { uid, resourceVersion } = sent?.preconditions ?? {};
        if (uid !== undefined && uid !== there.metadata.uid) return conflict();
        if (resourceVersion !== undefined && resourceVersion !== there.metadata.resourceVersion) return conflict();
        this.remove(collection, there.metadata.name);
        return { status: 200, body: { kind: "Status", status: "Success" } };
      }
    }
  }

  #list(collection: string, query: Readonly<Record<string, string>>): FakeAnswer {
    const all = this.below(collection);
    const [at = "0", version = String(this.version)] = (query["continue"] ?? "").split("@").filter((part) => part !== "");
    if (Number(version) < this.oldest) return refuse(410, "Expired", "The provided continue parameter is too old");
    const size = query["limit"] === undefined ? all.length : Math.min(this.page, Number(query["limit"]));
    const items = all.slice(Number(at), Number(at) + size).map(({ apiVersion: _version, kind: _kind, ...rest }) => rest);
    const next = Number(at) + size;
    const metadata = { resourceVersion: version, ...(next < all.length ? { continue: `${String(next)}@${version}` } : {}) };
    return { status: 200, body: { kind: "List", metadata, items } };
  }

  #tell(type: FakeEvent["type"], path: string, object: KubeObject): void {
    if (this.#losing) return;
    const event = { type, path, version: this.version, object };
    this.#events.push(event);
    for (const listener of this.#listeners) listener(event);
  }
}

/** `/api/v1/configmaps` holds those of all namespaces. */
function isBelow(path: string, collection: string): boolean {
  if (path === "*") return true;
  return path.startsWith(`${collection}/`) || path.replace(/\/namespaces\/[^/]+/, "").startsWith(`${collection}/`);
}

function missing(path: string): FakeAnswer {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return {
    status: 404,
    body: { kind: "Status", status: "Failure", reason: "NotFound", code: 404, message: `"${name}" not found`, details: { name } },
  };
}

function conflict(): FakeAnswer {
  return refuse(409, "Conflict", "the object has been modified");
}

function refuse(code: number, reason: string, message: string): FakeAnswer {
  return { status: code, body: { kind: "Status", status: "Failure", reason, code, message } };
}
