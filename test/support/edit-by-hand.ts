import type { KubeObject } from "../../src/kubernetes/kubernetes-api.ts";

/** One change of an object as a person makes it with `kubectl edit`. */
export interface HandEdit {
  /** `change spec.replicas`, for messages. */
  readonly what: string;
  /** JSON merge patch; lists are whole in it. */
  readonly patch: object;
}

type Path = readonly (string | number)[];

/** What names an object, and what the server says of it. */
const LEFT_ALONE = /^(apiVersion|kind|status|metadata\.(?!labels|annotations))/;

/** Changes or takes away one value, anywhere in what was applied, chosen by `random`; made on the object as it is now. */
export function editByHand(applied: KubeObject, live: KubeObject, random: () => number): HandEdit {
  const paths = leavesOf(applied, []).filter((path) => !LEFT_ALONE.test(path.join(".")));
  const path = paths[Math.floor(random() * paths.length)] ?? [];
  const former = path.reduce<unknown>((value, key) => (value as Record<string | number, unknown> | undefined)?.[key], live);
  const removes = random() < 0.3;
  const value = removes ? null : changed(former, random);
  const patch = patchOf(live, path, value) as object;
  return { what: `${removes ? "remove" : "change"} ${path.join(".")}`, patch };
}

function leavesOf(value: unknown, path: Path): readonly Path[] {
  if (value === undefined || value === null) return [];
  if (typeof value !== "object" || Object.keys(value).length === 0) return typeof value === "object" ? [] : [path];
  if (Array.isArray(value)) return value.flatMap((inner, index) => leavesOf(inner, [...path, index]));
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
}

function changed(value: unknown, random: () => number): unknown {
  if (typeof value === "number") return value + 1;
  if (typeof value === "boolean") return !value;
  return `e${String(Math.floor(random() * 1e6))}`;
}

/** From the root to the first list; that is written whole, with the value in it. */
function patchOf(there: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value;
  const inner = (there as Record<string | number, unknown> | undefined)?.[key];
  if (!Array.isArray(inner)) return { [key]: patchOf(inner, rest, value) };
  return { [key]: withValue(inner, rest, value) };
}

function withValue(there: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value;
  if (Array.isArray(there)) {
    const items = there as readonly unknown[];
    if (rest.length === 0 && value === null) return items.filter((_, index) => index !== key);
    return items.map((inner, index) => (index === key ? withValue(inner, rest, value) : inner));
  }
  const { [key]: inner, ...others } = (there ?? {}) as Record<string | number, unknown>;
  return rest.length === 0 && value === null ? others : { ...others, [key]: withValue(inner, rest, value) };
}
