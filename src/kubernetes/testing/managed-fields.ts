import { type FieldSet, type Fields, isMap, type ManagedFields, NEVER_OWNED } from "../field-ownership.ts";

/** A manager's entry with its paths flat, each as JSON of its elements. */
interface Entry extends Pick<ManagedFields, "manager" | "operation"> {
  readonly subresource: string;
  readonly paths: ReadonlySet<string>;
}

/** Who wrote. */
export type Writer = Omit<Entry, "paths">;

/** Lists that the API merges item by item, with their keys; all others are replaced as a whole. */
const LIST_KEYS: Readonly<Record<string, readonly string[]>> = {
  containers: ["name"],
  initContainers: ["name"],
  volumes: ["name"],
  env: ["name"],
  imagePullSecrets: ["name"],
  volumeMounts: ["mountPath"],
  ports: ["containerPort", "port", "protocol"],
};
const DEFAULTS: Fields = { protocol: "TCP" };
/** Maps that are replaced as a whole. */
const ATOMIC = new Set(["selector", "podSelector", "namespaceSelector", "nodeSelector", "labelSelector"]);

/** The record of who owns which field of one object, as an API server keeps it. */
export class FieldRecord {
  #entries: readonly Entry[] = [];

  /** What an apply leaves of an object: without the fields that this manager applied before, no longer names, and nobody else owns. */
  kept(object: Fields, applied: Fields, writer: Writer): Fields {
    const former = this.#entries.find((entry) => isOf(entry, writer))?.paths ?? new Set<string>();
    const wanted = new Set(leavesOf(applied).keys());
    const others = new Set(this.#entries.filter((entry) => !isOf(entry, writer)).flatMap(({ paths }) => [...paths]));
    let left = object;
    for (const path of former) if (!wanted.has(path) && !others.has(path)) left = removed(left, JSON.parse(path) as string[]) as Fields;
    return left;
  }

  /** Takes note of a write: by apply its manager owns what it named, otherwise what it changed; who owned a field that changed no longer does. */
  note(before: Fields, after: Fields, writer: Writer, applied?: Fields): void {
    const [had, has] = [leavesOf(before), leavesOf(after)];
    const changed = new Set([...has].flatMap(([path, value]) => (had.get(path) === value ? [] : [path])));
    const gone = new Set([...had.keys()].filter((path) => !has.has(path)));
    const own = applied === undefined ? changed : new Set(leavesOf(applied).keys());
    const rest = this.#entries.map((entry) => {
      const mine = isOf(entry, writer);
      const kept = [...entry.paths].filter((path) => !gone.has(path) && (mine ? applied === undefined : !changed.has(path)));
      return { ...entry, paths: new Set(mine ? [...kept, ...own] : kept) };
    });
    const isKnown = rest.some((entry) => isOf(entry, writer));
    this.#entries = (isKnown ? rest : [...rest, { ...writer, paths: own }]).filter(({ paths }) => paths.size > 0);
  }

  /** As `metadata.managedFields`. */
  read(): readonly ManagedFields[] {
    return this.#entries.map(({ manager, operation, subresource, paths }) => ({
      ...{ manager, operation },
      ...(subresource === "" ? {} : { subresource }),
      fieldsV1: treeOf([...paths].toSorted().map((path) => JSON.parse(path) as string[])),
    }));
  }
}

function isOf(entry: Entry, { manager, operation, subresource }: Writer): boolean {
  return entry.manager === manager && entry.operation === operation && entry.subresource === subresource;
}

/** Paths of all values, as JSON of their elements, to the values as JSON. */
function leavesOf(object: Fields): Map<string, string> {
  const { apiVersion: _version, kind: _kind, metadata, ...content } = object as { metadata?: Fields } & Fields;
  const meta = Object.fromEntries(Object.entries(metadata ?? {}).filter(([field]) => !NEVER_OWNED.has(field)));
  const leaves = new Map<string, string>();
  const walk = (value: unknown, path: readonly string[], field: string): void => {
    if (value === undefined || value === null) return;
    const keys = LIST_KEYS[field];
    if (Array.isArray(value) && keys !== undefined && value.length > 0) {
      for (const item of value as readonly Fields[]) {
        const key = `k:${itemKey(item, keys)}`;
        leaves.set(JSON.stringify([...path, key, "."]), "");
        for (const [name, inner] of Object.entries(item)) walk(inner, [...path, key, `f:${name}`], name);
      }
    } else if (isMap(value) && Object.keys(value).length > 0 && !ATOMIC.has(field)) {
      for (const [name, inner] of Object.entries(value)) walk(inner, [...path, `f:${name}`], name);
    } else leaves.set(JSON.stringify(path), JSON.stringify(value));
  };
  for (const [name, inner] of Object.entries({ ...content, ...(Object.keys(meta).length > 0 ? { metadata: meta } : {}) }))
    walk(inner, [`f:${name}`], name);
  return leaves;
}

function itemKey(item: Fields, keys: readonly string[]): string {
  const said = keys.flatMap((key) => {
    const value = item[key] ?? (keys.length > 1 ? DEFAULTS[key] : undefined);
    return value === undefined ? [] : [[key, value]];
  });
  return JSON.stringify(Object.fromEntries(said) as Fields);
}

/** What is applied, over what is there. */
export function mergedFields(there: unknown, wanted: unknown, field = ""): unknown {
  const keys = LIST_KEYS[field];
  if (Array.isArray(wanted) && Array.isArray(there) && keys !== undefined) {
    const [had, asked] = [there as readonly Fields[], wanted as readonly Fields[]];
    const find = (list: readonly Fields[], item: Fields): Fields | undefined =>
      list.find((one) => itemKey(one, keys) === itemKey(item, keys));
    return [...asked.map((item) => mergedFields(find(had, item) ?? {}, item)), ...had.filter((item) => find(asked, item) === undefined)];
  }
  if (!isMap(wanted) || !isMap(there) || ATOMIC.has(field)) return wanted;
  const result: Record<string, unknown> = { ...there };
  for (const [key, value] of Object.entries(wanted)) result[key] = mergedFields(there[key], value, key);
  return result;
}

/** An object without what is at a path; maps that were only there for it go with it. */
function removed(value: unknown, [element = "", ...rest]: readonly string[]): unknown {
  if (Array.isArray(value)) {
    const keys = JSON.parse(element.slice(2)) as Fields;
    const isIt = (item: Fields): boolean => Object.entries(keys).every(([key, one]) => (item[key] ?? DEFAULTS[key]) === one);
    const items = value as readonly Fields[];
    return rest[0] === "." ? items.filter((item) => !isIt(item)) : items.map((item) => (isIt(item) ? removed(item, rest) : item));
  }
  if (!isMap(value)) return value;
  const field = element.slice(2);
  const { [field]: inner, ...others } = value;
  if (rest.length === 0 || inner === undefined) return others;
  const left = removed(inner, rest);
  return typeof left === "object" && left !== null && Object.keys(left).length === 0 ? others : { ...value, [field]: left };
}

function treeOf(paths: readonly (readonly string[])[]): FieldSet {
  const tree: Record<string, FieldSet> = {};
  for (const path of paths) {
    let at = tree;
    for (const element of path) at = at[element] ??= {};
  }
  return tree;
}
