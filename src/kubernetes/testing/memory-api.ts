import { isDeepStrictEqual } from "node:util";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject, KubernetesApi, ListOptions, ObjectName, Resource, WatchEvent } from "../kubernetes-api.ts";
import { FIELD_MANAGER, isMap } from "../field-ownership.ts";
import { apiVersionOf } from "../resources.ts";
import { FieldRecord, mergedFields, type Writer } from "./managed-fields.ts";

type Fields = Record<string, unknown>;

/** An API server in memory, for tests of what stands on the port. */
export interface MemoryApi extends KubernetesApi {
  /** Every write that changed something, as `apply Deployment/blog/web`, in order. */
  readonly writes: string[];
  /** Everything that was asked for, as RBAC calls it: `get secrets`, `patch sites/status`. */
  readonly asked: Set<string>;
  /** All objects of a kind. */
  all(kind: string): readonly KubeObject[];
  /** How many changes there were: the newest resourceVersion. */
  readonly newest: () => number;
  /** Reads as a server that is behind answers them: what was true at a resourceVersion. */
  asOf(version: number): Pick<KubernetesApi, "get" | "list">;
  /** What `kubectl` of a person does: changes fields, or takes away those that are null, and owns them from then on. */
  edit(name: ObjectName, patch: object, manager?: string): KubeObject;
}

interface Stored {
  readonly resource: Resource;
  object: KubeObject;
  readonly record: FieldRecord;
}

/**
 * Keeps the API's contract as far as we use it: resourceVersion and uid as preconditions, generation by `spec`, finalizers, status apart, server-side
 * apply with removal of what a manager no longer names, JSON merge patch, watches from a version. It validates nothing and forgets no history.
 * What it stores is frozen and handed out as it is, as copies of every read took half of the time of the tests: who changes an answer gets an error.
 */
export function memoryApi(now: () => string = () => "2026-11-21T12:00:00Z"): MemoryApi {
  const objects = new Map<string, Stored>();
  const history: { readonly version: number; readonly event: WatchEvent; readonly resource: Resource }[] = [];
  const waiting = new Set<() => void>();
  const writes: string[] = [];
  const asked = new Set<string>();
  let version = 100;

  const keyOf = ({ resource, namespace = "", name }: ObjectName): string => [resource.plural, namespace, name].join("/");
  const note = (verb: string, { plural }: Resource, subresource?: string): void => {
    asked.add(`${verb} ${plural}${subresource === undefined ? "" : `/${subresource}`}`);
  };
  const conflict = (words: string): HowdahError => new HowdahError("cluster/conflict", words);
  const tell = (type: WatchEvent["type"], resource: Resource, object: KubeObject): void => {
    history.push({ version, resource, event: { type, object } });
    for (const wake of waiting) wake();
  };

  const store = (
    verb: string,
    name: ObjectName,
    next: Fields,
    subresource?: string,
    by: Partial<Writer> = {},
    applied?: Fields,
  ): KubeObject => {
    const key = keyOf(name);
    const stored = objects.get(key);
    const before = stored?.object;
    const { metadata: given = {}, ...rest } = next as { metadata?: Fields } & Fields;
    const content = subresource === undefined && before !== undefined ? { ...rest, status: before["status"] } : rest;
    const metadata = {
      ...given,
      name: name.name,
      ...(name.namespace === undefined ? {} : { namespace: name.namespace }),
      uid: before?.metadata.uid ?? `uid-${String(version + 1)}`,
      creationTimestamp: before?.metadata.creationTimestamp ?? now(),
      generation: before?.metadata.generation ?? 1,
    };
    const plain = frozen(
      JSON.parse(JSON.stringify({ ...content, apiVersion: apiVersionOf(name.resource), kind: name.resource.kind, metadata })) as KubeObject,
    );
    const isSame = before !== undefined && isDeepStrictEqual(unversioned(before), unversioned(plain));
    if (isSame && applied === undefined) return before;
    const record = stored?.record ?? new FieldRecord();
    record.note(before ?? {}, plain, { manager: FIELD_MANAGER, operation: "Update", subresource: subresource ?? "", ...by }, applied);
    const managedFields = frozen(record.read());
    if (isSame && isDeepStrictEqual(managedFields, managersOf(before))) return before;
    const specChanged = before !== undefined && !isDeepStrictEqual(before["spec"], plain["spec"]);
    version += 1;
    const written: KubeObject = Object.freeze({
      ...plain,
      metadata: Object.freeze({
        ...plain.metadata,
        managedFields,
        generation: metadata.generation + (specChanged ? 1 : 0),
        resourceVersion: String(version),
      }),
    });
    writes.push(`${verb} ${name.resource.kind}/${name.namespace === undefined ? "" : `${name.namespace}/`}${name.name}`);
    if (written.metadata.deletionTimestamp !== undefined && (written.metadata.finalizers ?? []).length === 0) {
      objects.delete(key);
      tell("DELETED", name.resource, written);
      return written;
    }
    if (stored === undefined) objects.set(key, { resource: name.resource, object: written, record });
    else stored.object = written;
    tell(before === undefined ? "ADDED" : "MODIFIED", name.resource, written);
    return written;
  };

  const check = (name: ObjectName, given: { readonly uid?: string; readonly resourceVersion?: string } | undefined): Stored | undefined => {
    const stored = objects.get(keyOf(name));
    const { uid, resourceVersion } = given ?? {};
    const there = stored?.object.metadata;
    if ((uid !== undefined && uid !== there?.uid) || (resourceVersion !== undefined && resourceVersion !== there?.resourceVersion))
      throw conflict(`${keyOf(name)} changed in the meantime`);
    return stored;
  };

  const nameOf = (resource: Resource, object: KubeObject): ObjectName => ({
    resource,
    namespace: resource.namespaced ? object.metadata.namespace : undefined,
    name: object.metadata.name,
  });

  const select = (resource: Resource, options?: ListOptions): KubeObject[] =>
    selected(
      [...objects.values()].filter(({ resource: { plural } }) => plural === resource.plural).map(({ object }) => object),
      options,
    );

  return {
    server: "https://memory.test:6443",
    writes,
    asked,
    all: (kind) => [...objects.values()].filter(({ resource }) => resource.kind === kind).map(({ object }) => object),
    version: async () => "1.34",
    get: async (name) => {
      note("get", name.resource);
      return objects.get(keyOf(name))?.object;
    },
    list: async (resource, options) => {
      note("list", resource);
      return { items: select(resource, options), resourceVersion: String(version) };
    },
    apply: async (resource, object, options = {}) => {
      note("patch", resource, options.subresource);
      const name = nameOf(resource, object);
      const stored = check(name, object.metadata);
      if (options.dryRun === true) return structuredClone(object);
      if (stored === undefined && options.subresource !== undefined)
        throw new HowdahError("cluster/rejected", `${keyOf(name)} is not there`);
      const { fieldManager: manager = FIELD_MANAGER, subresource = "" } = options;
      const by: Writer = { manager, operation: "Apply", subresource };
      const { apiVersion: _version, kind: _kind, ...fields } = object as unknown as Fields;
      const there = (stored?.object ?? {}) as Fields;
      const kept = stored?.record.kept(there, fields, by) ?? there;
      return store("apply", name, mergedFields(kept, fields) as Fields, options.subresource, by, fields);
    },
    create: async (resource, object) => {
      note("create", resource);
      const name = nameOf(resource, object);
      if (objects.has(keyOf(name))) throw conflict(`${keyOf(name)} is there already`);
      return store("create", name, object);
    },
    replace: async (resource, object, options = {}) => {
      note("update", resource, options.subresource);
      const name = nameOf(resource, object);
      const stored = check(name, object.metadata);
      if (stored === undefined) throw conflict(`${keyOf(name)} is gone`);
      const next = options.subresource === undefined ? object : { ...stored.object, status: object["status"] };
      return store("replace", name, next, options.subresource);
    },
    mergePatch: async (name, patch, options = {}) => {
      note("patch", name.resource, options.subresource);
      const { metadata } = patch as { metadata?: { resourceVersion?: string } };
      const stored = check(name, metadata);
      if (stored === undefined) throw new HowdahError("cluster/rejected", `${keyOf(name)} is not there`);
      return store("patch", name, mergePatched(stored.object, patch) as Fields, options.subresource);
    },
    newest: () => version,
    asOf: (at) => {
      const then = (resource: Resource): readonly KubeObject[] => {
        const last = new Map<string, WatchEvent>();
        for (const { version: when, event, resource: of } of history) {
          const { namespace = "", name } = event.object.metadata;
          if (when <= at && of.plural === resource.plural) last.set(`${namespace}/${name}`, event);
        }
        return [...last.values()].flatMap(({ type, object }) => (type === "DELETED" ? [] : [object]));
      };
      return {
        get: async ({ resource, namespace, name }) =>
          then(resource).find(({ metadata }) => metadata.name === name && metadata.namespace === namespace),
        list: async (resource, options) => ({ items: selected(then(resource), options), resourceVersion: String(at) }),
      };
    },
    edit: (name, patch, manager = "kubectl-edit") => {
      const stored = objects.get(keyOf(name));
      if (stored === undefined) throw new HowdahError("cluster/rejected", `${keyOf(name)} is not there`);
      return store("edit", name, mergePatched(stored.object, patch) as Fields, undefined, { manager });
    },
    delete: async (name, { preconditions }) => {
      note("delete", name.resource);
      const stored = check(name, objects.has(keyOf(name)) ? preconditions : undefined);
      if (stored === undefined) return false;
      const { object } = stored;
      const metadata = { ...object.metadata, deletionTimestamp: now() };
      store("delete", name, { ...object, metadata });
      return true;
    },
    watch: (resource, options, signal) => {
      note("watch", resource);
      return events(resource, options, signal);
    },
    logs: () => Promise.reject(new Error("no container runs here")),
    exec: () => Promise.reject(new Error("no container runs here")),
    askPod: () => Promise.reject(new Error("no container runs here")),
    connectPod: () => Promise.reject(new Error("no container runs here")),
    close: () => undefined,
  };

  async function* events(
    resource: Resource,
    { from, ...options }: ListOptions & { readonly from: string | undefined },
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent> {
    const since = Number(from ?? version);
    let next = from === undefined ? history.length : history.findIndex(({ version: when }) => when > since);
    if (next < 0) next = history.length;
    if (from === undefined) {
      for (const object of select(resource, options)) yield { type: "ADDED", object };
      const metadata = { name: "", resourceVersion: String(since) };
      yield { type: "BOOKMARK", object: { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata }, initialEnd: true };
    }
    for (;;) {
      for (let entry = history[next]; entry !== undefined; entry = history[next]) {
        next += 1;
        const { event, resource: of } = entry;
        if (of.plural === resource.plural && selected([event.object], options).length > 0) yield event;
      }
      if (signal.aborted) return;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          waiting.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener("abort", wake);
      });
    }
  }
}

/** Of field selectors it knows `metadata.name=…`. */
function selected(objects: readonly KubeObject[], { namespace, labelSelector, fieldSelector }: ListOptions = {}): KubeObject[] {
  const name = /^metadata\.name=(.+)$/.exec(fieldSelector ?? "")?.[1];
  return objects
    .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
    .filter(({ metadata }) => name === undefined || metadata.name === name)
    .filter(({ metadata }) => matches(metadata.labels ?? {}, labelSelector));
}

/** What is compared to find whether a write changes anything; who owns which field is compared apart. */
function unversioned({ metadata, ...rest }: KubeObject): unknown {
  const {
    resourceVersion: _version,
    generation: _generation,
    managedFields: _managers,
    ...kept
  } = metadata as Fields & KubeObject["metadata"];
  return { ...rest, metadata: kept };
}

function managersOf({ metadata }: KubeObject): unknown {
  return (metadata as Partial<Record<"managedFields", unknown>>).managedFields;
}

function frozen<T>(value: T): T {
  if (value === null || typeof value !== "object" || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}

/** `a=b,c=d` and `key`. */
function matches(labels: Readonly<Record<string, string>>, selector: string | undefined): boolean {
  return (selector ?? "")
    .split(",")
    .filter((part) => part !== "")
    .every((part) => {
      const [key = "", value] = part.split("=");
      return value === undefined ? labels[key] !== undefined : labels[key] === value;
    });
}

function mergePatched(there: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const result: Fields = isMap(there) ? { ...there } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatched(result[key], value);
  }
  return result;
}
