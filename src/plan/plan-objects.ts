import type { Manifest, ObjectKey, Rendered } from "../render/objects.ts";
import type { Inventory } from "./inventory.ts";
import type { Step } from "./step.ts";

/** What others need comes first: volumes and files before the pods that mount them, the way in last. */
const order: readonly Manifest["kind"][] = [
  "PersistentVolumeClaim",
  "ConfigMap",
  "NetworkPolicy",
  "Service",
  "StatefulSet",
  "Deployment",
  "HTTPRoute",
];

/** Kinds that hold data. No plan deletes them (design rule 4 of the reliability list). */
const holdsData: readonly Manifest["kind"][] = ["PersistentVolumeClaim"];

function rank(key: ObjectKey): number {
  return order.findIndex((kind) => key.startsWith(`${kind}/`));
}

/**
 * Workers that replace others go before what visitors reach: one that does not stand ends a rollout before anybody has met the new code.
 * New ones go after it, since a first start of the server installs what they need.
 */
function place(step: Step): number {
  if (!step.key.startsWith("Deployment/worker-")) return 0;
  return step.do === "update" ? -1 : 1;
}

function byOrder(a: Step, b: Step): number {
  return rank(a.key) - rank(b.key) || place(a) - place(b) || (a.key < b.key ? -1 : 1);
}

/**
 * Compares what the site asks for with the inventory of what we put there. Touches nothing.
 * Creations and updates come in the order in which objects need each other, deletions last and in reverse.
 */
export function planObjects(desired: readonly Rendered[], inventory: Inventory): Step[] {
  const wanted = new Set(desired.map((object) => object.key));
  const changes = desired.flatMap((object): Step[] => {
    const applied = inventory.objects.get(object.key);
    if (applied === undefined) return [{ do: "create", key: object.key, desired: object, because: "not in the inventory" }];
    return applied === object.digest ? [] : [{ do: "update", key: object.key, desired: object, because: "rendered differently" }];
  });
  const stale = [...inventory.objects.keys()]
    .filter((key) => !wanted.has(key))
    .map((key): Step => {
      const data = holdsData.some((kind) => key.startsWith(`${kind}/`));
      return data
        ? { do: "keep", key, because: "no longer asked for, but it holds data" }
        : { do: "delete", key, because: "no longer rendered" };
    });
  return [...changes.sort(byOrder), ...stale.sort((a, b) => byOrder(b, a))];
}
