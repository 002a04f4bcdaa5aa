import type { Clock } from "../kernel/clock.ts";
import { FIELD_MANAGER, isAsApplied } from "../kubernetes/field-ownership.ts";
import type { KubeObject, KubernetesApi, ListOptions, Resource } from "../kubernetes/kubernetes-api.ts";
import { type Indexes, keyOf, type ObjectView } from "../kubernetes/object-store.ts";

/** What a watch has heard of the objects of one kind. */
export interface KnownObjects {
  readonly resource: Resource;
  /** Which of them are watched; undefined: all. */
  readonly select: ListOptions | undefined;
  readonly objects: ObjectView;
  readonly synced: () => boolean;
}

/** The index by which a store finds what is in a namespace. */
export const BY_NAMESPACE = "namespace";

/** Indexes of every store that `knownApi` reads. */
export const knownIndexes: Indexes = {
  [BY_NAMESPACE]: ({ metadata }) => (metadata.namespace === undefined ? [] : [metadata.namespace]),
};

/** What is known does not suffice: something is to be changed, said, or asked of a pod. The look is done once more, with the server. */
export class NeedsServer extends Error {}

/** Ends a look that only reads what is known. */
export function needServer(what: string): never {
  throw new NeedsServer(what);
}

/**
 * The API as the watches know it: most looks at a site find that nothing is to be done, and a look with this API finds that without a request. It
 * changes nothing. Whoever tries to gets `NeedsServer`, and decides anew on what the server itself says: what a watch knows may be old, so nothing is
 * ever written or deleted because of it. What it says too early, or too late, is put right by the event that is still to come.
 * Of a kind that is watched by a label, what is not watched is not there: it is not ours. What is not watched otherwise (secrets of other names, routes
 * where the way in is an Ingress) is read from `api`, each once in a while.
 */
export function knownApi(api: KubernetesApi, known: readonly KnownObjects[], clock: Pick<Clock, "now">): KubernetesApi {
  const recently = remembering(clock);
  const ofKind = Map.groupBy(
    known.map((one) => ({ one, terms: termsOf(one.select?.labelSelector) })),
    ({ one }) => placeOf(one.resource),
  );
  const storesOf = (resource: Resource) => (ofKind.get(placeOf(resource)) ?? []).filter(({ one }) => one.synced());
  const find = (resource: Resource, namespace: string | undefined, name: string): KubeObject | undefined => {
    const key = keyOf({ name, ...(resource.namespaced && namespace !== undefined ? { namespace } : {}) });
    for (const { one } of storesOf(resource)) {
      const found = one.objects.get(key);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const get: KubernetesApi["get"] = async (name, signal) => {
    const found = find(name.resource, name.namespace, name.name);
    if (found !== undefined || storesOf(name.resource).some(({ one }) => !isBound(one.select))) return found;
    return recently(`${placeOf(name.resource)}/${name.namespace ?? ""}/${name.name}`, () => api.get(name, signal));
  };
  const refuse = (what: string) => async (): Promise<never> => needServer(what);
  return {
    server: api.server,
    version: (signal) => api.version(signal),
    get,
    list: async (resource, options = {}, signal) => {
      const wanted = termsOf(options.labelSelector);
      const store = storesOf(resource).find(({ one, terms }) => covers(one.select, terms, { ...options, wanted }));
      // An event of what is watched in part asks for a look, which must see what it is about.
      if (store === undefined && ofKind.has(placeOf(resource))) return api.list(resource, options, signal);
      if (store === undefined)
        return recently(`${placeOf(resource)} ${JSON.stringify(options)}`, () => api.list(resource, options, signal));
      const { namespace } = options;
      const { objects } = store.one;
      const there = namespace === undefined ? objects.all() : objects.select(BY_NAMESPACE, namespace);
      const items = there.filter(({ metadata }) => wanted.every((term) => hasTerm(metadata.labels ?? {}, term)));
      return { items: items.toSorted((a, b) => (keyOf(a.metadata) < keyOf(b.metadata) ? -1 : 1)), resourceVersion: "" };
    },
    apply: async (resource, object, { subresource, fieldManager = FIELD_MANAGER } = {}, signal) => {
      const { namespace, name } = object.metadata;
      const found = subresource === undefined ? await get({ resource, namespace, name }, signal) : undefined;
      if (found === undefined || found.metadata.deletionTimestamp !== undefined || !says(found, object, fieldManager))
        return needServer(`apply ${object.kind} ${name}`);
      return found;
    },
    create: refuse("create"),
    replace: refuse("replace"),
    mergePatch: refuse("patch"),
    delete: refuse("delete"),
    watch: () => needServer("watch"),
    logs: refuse("logs"),
    exec: refuse("exec"),
    askPod: refuse("ask a pod"),
    connectPod: refuse("connect to a pod"),
    close: () => undefined,
  };
}

/** So long what is not watched is taken as it was read, in milliseconds: a look reads some of it twice, and looks come in bursts. */
const READ_AGAIN_MS = 10_000;
/** So many objects are kept for that at most. */
const KEPT = 1000;

/** Failures are kept, too: a cluster without the Gateway API would be asked for its routes again and again. */
function remembering(clock: Pick<Clock, "now">): <T>(what: string, ask: () => Promise<T>) => Promise<T> {
  const read = new Map<string, { readonly at: number; readonly answer: Promise<unknown> }>();
  return <T>(what: string, ask: () => Promise<T>): Promise<T> => {
    const before = read.get(what);
    if (before !== undefined && clock.now() - before.at < READ_AGAIN_MS) return before.answer as Promise<T>;
    const answer = ask();
    if (read.size >= KEPT) read.clear();
    read.set(what, { at: clock.now(), answer });
    return answer;
  };
}

/** Whether an object is as it was applied; of a Secret's keys it says no others. */
function says(found: KubeObject, wanted: KubeObject, manager: string): boolean {
  const [there, asked] = [found, wanted].map(({ data }) => Object.keys((data as object | undefined) ?? {}).length);
  return isAsApplied(found, wanted, manager) && (wanted.kind !== "Secret" || there === asked);
}

function placeOf({ group, plural }: Resource): string {
  return `${plural}.${group}`;
}

function termsOf(selector: string | undefined): readonly string[] {
  return (selector ?? "").split(",").filter((term) => term !== "");
}

/** Some names or one namespace are watched: of the rest nothing is known. */
function isBound(select: ListOptions | undefined): boolean {
  return select?.fieldSelector !== undefined || select?.namespace !== undefined;
}

/** A term is `name` or `name=value`; the selectors of this code have no others. */
function hasTerm(labels: Readonly<Record<string, string>>, term: string): boolean {
  const at = term.indexOf("=");
  return at < 0 ? labels[term] !== undefined : labels[term.slice(0, at)] === term.slice(at + 1);
}

/** Whether everything that is asked for is watched. */
function covers(
  select: ListOptions | undefined,
  terms: readonly string[],
  asked: ListOptions & { readonly wanted: readonly string[] },
): boolean {
  if (asked.fieldSelector !== select?.fieldSelector) return false;
  if (select?.namespace !== undefined && select.namespace !== asked.namespace) return false;
  return terms.every((term) => asked.wanted.some((one) => one === term || one.startsWith(`${term}=`)));
}
