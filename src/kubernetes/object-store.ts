import type { ManagedFields } from "./field-ownership.ts";
import type { KubeMeta, KubeObject } from "./kubernetes-api.ts";

/** Values by which objects are found; of one object there may be none or several. */
export type Indexes = Readonly<Record<string, (object: KubeObject) => readonly string[]>>;

/** What reads a store; only its reflector writes. */
export interface ObjectView {
  /** By key: `namespace/name`, for objects of the cluster `name`. */
  get(key: string): KubeObject | undefined;
  all(): readonly KubeObject[];
  /** The objects with a value of a named index. */
  select(index: string, value: string): readonly KubeObject[];
  readonly size: number;
  /**
   * Told the keys of what changed, after the store has changed; nothing else, so that a listener reads what is true instead of believing an
   * event. Answers how to stop listening.
   */
  listen(listener: (keys: readonly string[]) => void): () => void;
}

/** An object's key in stores and queues. */
export function keyOf({ namespace, name }: Pick<KubeMeta, "namespace" | "name">): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** So many different trees of `managedFields` are shared; beyond that sharing begins anew. */
const FIELD_SETS = 5000;

/** Objects of one resource as they were last heard of. `managedFields`, half of many objects, is left out where nobody reads it. */
export class ObjectStore implements ObjectView {
  readonly #objects = new Map<string, KubeObject>();
  readonly #indexes: readonly { readonly name: string; readonly of: Indexes[string]; readonly keys: Map<string, Set<string>> }[];
  readonly #listeners = new Set<(keys: readonly string[]) => void>();

  readonly #withManagers: boolean;
  /** Trees of `managedFields` by their text. */
  readonly #fieldSets = new Map<string, NonNullable<ManagedFields["fieldsV1"]>>();

  constructor(indexes: Indexes = {}, withManagers = false) {
    this.#withManagers = withManagers;
    this.#indexes = Object.entries(indexes).map(([name, of]) => ({ name, of, keys: new Map<string, Set<string>>() }));
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key);
  }

  all(): readonly KubeObject[] {
    return [...this.#objects.values()];
  }

  select(index: string, value: string): readonly KubeObject[] {
    const found = this.#indexes.find(({ name }) => name === index);
    if (found === undefined) throw new Error(`the store has no index ${index}`);
    return [...(found.keys.get(value) ?? [])].flatMap((key) => this.#objects.get(key) ?? []);
  }

  listen(listener: (keys: readonly string[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes an object. The same version of it once more is no change. */
  put(object: KubeObject): void {
    const key = this.#set(object);
    if (key !== undefined) this.#tell([key]);
  }

  /** Forgets an object; not one that was made anew under its name meanwhile. */
  drop({ metadata }: KubeObject): void {
    const key = keyOf(metadata);
    const there = this.#objects.get(key);
    if (there === undefined || there.metadata.uid !== metadata.uid) return;
    this.#unset(key, there);
    this.#tell([key]);
  }

  /** Takes a whole listing for the truth: what is not in it was deleted while nobody listened. */
  replace(objects: readonly KubeObject[]): void {
    const listed = new Set(objects.map(({ metadata }) => keyOf(metadata)));
    const changed: string[] = [];
    for (const [key, there] of [...this.#objects]) {
      if (listed.has(key)) continue;
      this.#unset(key, there);
      changed.push(key);
    }
    for (const object of objects) {
      const key = this.#set(object);
      if (key !== undefined) changed.push(key);
    }
    this.#tell(changed);
  }

  /** What a listing in progress keeps of an object: the one that is here when it is the same version, so that nothing is held twice. */
  known(object: KubeObject): KubeObject {
    const there = this.#objects.get(keyOf(object.metadata));
    return there !== undefined && isSame(there, object) ? there : this.#slim(object);
  }

  #slim(object: KubeObject): KubeObject {
    const { managedFields, ...metadata } = object.metadata as KubeMeta & { readonly managedFields?: readonly ManagedFields[] };
    if (!this.#withManagers || managedFields === undefined) return { ...object, metadata };
    return { ...object, metadata: { ...metadata, managedFields: managedFields.map((entry) => this.#shared(entry)) } as KubeMeta };
  }

  /** Objects of a kind mostly have the same fields: a thousand of them share a few trees. */
  #shared(entry: ManagedFields): ManagedFields {
    if (entry.fieldsV1 === undefined) return entry;
    const text = JSON.stringify(entry.fieldsV1);
    if (this.#fieldSets.size >= FIELD_SETS) this.#fieldSets.clear();
    const fieldsV1 = this.#fieldSets.get(text) ?? entry.fieldsV1;
    this.#fieldSets.set(text, fieldsV1);
    return { ...entry, fieldsV1 };
  }

  #set(object: KubeObject): string | undefined {
    const key = keyOf(object.metadata);
    const before = this.#objects.get(key);
    if (before !== undefined && isSame(before, object)) return undefined;
    if (before !== undefined) this.#unset(key, before);
    const kept = this.#slim(object);
    this.#objects.set(key, kept);
    for (const { of, keys } of this.#indexes) {
      for (const value of of(kept)) {
        const there = keys.get(value);
        if (there === undefined) keys.set(value, new Set([key]));
        else there.add(key);
      }
    }
    return key;
  }

  #unset(key: string, object: KubeObject): void {
    this.#objects.delete(key);
    for (const { of, keys } of this.#indexes) {
      for (const value of of(object)) {
        const there = keys.get(value);
        there?.delete(key);
        if (there?.size === 0) keys.delete(value);
      }
    }
  }

  #tell(keys: readonly string[]): void {
    if (keys.length > 0) for (const listener of this.#listeners) listener(keys);
  }
}

function isSame({ metadata: a }: KubeObject, { metadata: b }: KubeObject): boolean {
  return a.uid === b.uid && a.resourceVersion === b.resourceVersion;
}
