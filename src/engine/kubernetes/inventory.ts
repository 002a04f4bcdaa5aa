import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import type { Inventory } from "../../plan/inventory.ts";
import type { ObjectKey } from "../../render/objects.ts";
import { keyOf } from "./drift.ts";
import type { EngineState } from "./engine-state.ts";
import { isUnsettled, mark, unsettled } from "./marks.ts";

/**
 * What was put into a namespace, read from the objects themselves: there is no list beside them that could be wrong. A rendered object
 * counts as settled when all of its parts are there and say the same digest. Objects that are on their way out count no more. Pure.
 */
export function inventoryOf(
  namespace: string,
  objects: readonly KubeObject[],
  state: EngineState,
  edited: ReadonlyMap<ObjectKey, readonly string[]> = new Map(),
): Inventory {
  const byKey = Map.groupBy(
    objects.filter(({ metadata }) => metadata.deletionTimestamp === undefined && metadata.annotations?.[mark.digest] !== undefined),
    keyOf,
  );
  const found = [...byKey].flatMap(([key, parts]) => (key === undefined ? [] : [[key, digestOfParts(parts)] as const]));
  const without = Object.entries(state.withoutParts ?? {}) as [ObjectKey, string][];
  return { namespace, objects: new Map([...without, ...found]), down: state.down, ...(edited.size === 0 ? {} : { edited }) };
}

function digestOfParts(parts: readonly KubeObject[]): string {
  const digests = new Set(parts.map(({ metadata }) => metadata.annotations?.[mark.digest] ?? ""));
  const count = Number(parts[0]?.metadata.annotations?.[mark.parts] ?? parts.length);
  const [digest = ""] = digests;
  return isUnsettled(digest) || (digests.size === 1 && count === parts.length) ? digest : unsettled(digest);
}
