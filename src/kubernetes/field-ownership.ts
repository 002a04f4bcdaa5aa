import type { KubeMeta, KubeObject } from "./kubernetes-api.ts";

/** An entry of `metadata.managedFields`. */
export interface ManagedFields {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly subresource?: string;
  readonly time?: string;
  /** A tree: `f:name` is a field, `k:{…}` an item of a list by its keys, `v:…` a value of a set, `.` the thing itself; `{}` is a leaf. */
  readonly fieldsV1?: FieldSet;
}

/** Fields as `fieldsV1` says them. */
export interface FieldSet {
  readonly [path: string]: FieldSet;
}

/** Who owns what we write, for server-side apply: one manager for all of it. */
export const FIELD_MANAGER = "howdah";

/** Any fields of an object. */
export type Fields = Readonly<Record<string, unknown>>;

/** Fields of `metadata` that a request names by its path or preconditions, or that the server keeps: nobody owns them. */
export const NEVER_OWNED: ReadonlySet<string> = new Set([
  "name",
  "namespace",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "managedFields",
]);

/** What was written of an object by a manager: by server-side apply and otherwise, but its status. */
export function fieldsOf(object: KubeObject, manager: string): readonly FieldSet[] {
  return setsOf(object, (entry) => entry.manager === manager);
}

/** True when a manager has brought an object to what it wanted, by server-side apply, and still owns something of it. */
export function wasApplied(object: KubeObject, manager: string): boolean {
  return setsOf(object, (entry) => entry.manager === manager && entry.operation === "Apply").length > 0;
}

function setsOf({ metadata }: KubeObject, which: (entry: ManagedFields) => boolean): readonly FieldSet[] {
  const { managedFields = [] } = metadata as KubeMeta & { readonly managedFields?: readonly ManagedFields[] };
  return managedFields.flatMap((entry) =>
    which(entry) && entry.subresource !== "status" && entry.fieldsV1 !== undefined ? [entry.fieldsV1] : [],
  );
}

/** The parts of managers' trees that are about one place of an object. A manager may have written in several ways, so it may have several. */
interface Owners {
  readonly ours: readonly FieldSet[];
  readonly theirs: readonly FieldSet[];
}

/**
 * Fields of an applied object that somebody else has changed or taken away since, as `spec.template.spec.containers[name=web].image`. With
 * server-side apply whoever changes a field becomes its owner, so a field that we still own is as we wrote it, however the server spells its
 * value (`1000m` is `1`); one that we lost counts when its value differs as well. What others added is theirs and not looked at. After the
 * object was applied again the answer is empty: nobody writes for ever. Pure.
 */
export function lostFields(live: KubeObject, applied: KubeObject, manager: string): readonly string[] {
  const owners = {
    ours: fieldsOf(live, manager),
    theirs: setsOf(live, (entry) => entry.manager !== manager),
  };
  const { apiVersion: _version, kind: _kind, status: _status, metadata, ...content } = applied;
  const meta = Object.fromEntries(Object.entries(metadata).filter(([field]) => !NEVER_OWNED.has(field)));
  return lostOf({ metadata: meta, ...content }, live, owners, "");
}

/**
 * Whether an object is still as a manager applied it, so that applying it again would change nothing. Values alone can't tell: who fills what is
 * wanted empty (`podSelector: {}`) leaves every wanted value in place, and is its owner. Where nobody says who owns what, values decide. Pure.
 */
export function isAsApplied(live: KubeObject, applied: KubeObject, manager: string): boolean {
  return holds(live, applied) && lostFields(live, applied, manager).length === 0;
}

function lostOf(wanted: unknown, live: unknown, owners: Owners, path: string): readonly string[] {
  if (Array.isArray(wanted)) return lostItems(wanted, live, owners, path);
  const there = isMap(live) ? live : {};
  return Object.entries(wanted as Fields).flatMap(([field, value]) => {
    if (value === undefined || value === null) return [];
    const name = path === "" ? field : `${path}.${field}`;
    return lostBelow(value, there[field], below(owners, `f:${field}`), name);
  });
}

function lostBelow(wanted: unknown, live: unknown, owners: Owners, path: string): readonly string[] {
  const { ours, theirs } = owners;
  if (ours.some(isLeaf)) return []; // a value, or a list or map that is owned as a whole
  const isWhole = typeof wanted !== "object" || wanted === null;
  if (!isWhole && Object.keys(wanted).length === 0) {
    // Of an empty list that is merged the server takes no note, and what is in it is others'.
    return isEmpty(live) || !theirs.some(isLeaf) ? [] : [path];
  }
  if (!isWhole && ours.length > 0) return lostOf(wanted, live, owners, path);
  return ours.length > 0 || holds(live, wanted) ? [] : [path];
}

/** Items of a list that is merged: found by their keys, wherever they are in it. */
function lostItems(wanted: readonly unknown[], live: unknown, owners: Owners, path: string): readonly string[] {
  const there = Array.isArray(live) ? (live as readonly unknown[]) : [];
  const paths = [...new Set(owners.ours.flatMap((set) => Object.keys(set)))].filter((one) => one !== ".");
  return wanted.flatMap((item) => {
    if (!isMap(item)) {
      return paths.includes(`v:${JSON.stringify(item)}`) || there.includes(item) ? [] : [`${path}[${JSON.stringify(item)}]`];
    }
    const key = paths.find((one) => one.startsWith("k:") && hasKeys(item, keysOf(one)));
    if (key === undefined) return there.some((one) => holds(one, item)) ? [] : [`${path}[${keyWords(item)}]`];
    const keys = keysOf(key);
    const words = Object.entries(keys).map(([name, value]) => `${name}=${String(value)}`);
    const found = there.find((one) => isMap(one) && hasKeys(one, keys));
    return lostOf(item, found, below(owners, key), `${path}[${words.join(",")}]`);
  });
}

/** Keys that an item does not say are the server's defaults (`protocol: TCP`). */
function hasKeys(item: Fields, keys: Fields): boolean {
  const said = Object.entries(keys).filter(([name]) => item[name] !== undefined);
  return said.length > 0 && said.every(([name, value]) => item[name] === value);
}

function keysOf(path: string): Fields {
  return JSON.parse(path.slice(2)) as Fields;
}

function keyWords(item: Fields): string {
  const [first = ""] = ["name", "mountPath", "containerPort", "port", "uid"].filter((name) => item[name] !== undefined);
  return first === "" ? "?" : `${first}=${String(item[first])}`;
}

function below({ ours, theirs }: Owners, path: string): Owners {
  return { ours: ours.flatMap((set) => set[path] ?? []), theirs: theirs.flatMap((set) => set[path] ?? []) };
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);
}

function isLeaf(set: FieldSet): boolean {
  return Object.keys(set).length === 0;
}

/** Whether a value is an object of fields, not a list. */
export function isMap(value: unknown): value is Fields {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** Whether a value says what is wanted; what the server or others added does not matter. */
function holds(found: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted) && wanted.length === 0 && isEmpty(found)) return true; // servers store no empty lists
  if (Array.isArray(wanted))
    return Array.isArray(found) && found.length === wanted.length && wanted.every((one, index) => holds(found[index], one));
  if (wanted === null || typeof wanted !== "object") return found === wanted;
  if (found === null || typeof found !== "object") return Object.keys(wanted).length === 0;
  return Object.entries(wanted).every(([key, value]) => value === undefined || holds((found as Fields)[key], value));
}
