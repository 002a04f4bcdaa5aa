import type { Manifest, ObjectKey, Rendered } from "../render/objects.ts";
import { SESSION_SERVER } from "../render/sessions/session-server.ts";
import type { Inventory } from "./inventory.ts";
import type { Step } from "./step.ts";

/** The first fields say enough. */
function becauseEdited(fields: readonly string[]): string {
  const more = fields.length > 3 ? ` and ${String(fields.length - 3)} more` : "";
  return `changed by somebody else: ${fields.slice(0, 3).join(", ")}${more}`;
}

/** What others need comes first: volumes and files before the pods that mount them, the way in last. */
const kindsInOrder: readonly Manifest["kind"][] = [
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
  return kindsInOrder.findIndex((kind) => key.startsWith(`${kind}/`));
}

function isWorker(key: ObjectKey): boolean {
  return key.startsWith("Deployment/worker-");
}

/** A server that PHP asks from its first request on, as a StatefulSet would be that it is in the place of. */
function isServer(key: ObjectKey): boolean {
  return key === `Deployment/${SESSION_SERVER}`;
}

/**
 * Workers go before what visitors reach: one that does not stand, new or replacing another, ends a rollout before anybody has met the new
 * code. Only where nothing serves yet they go after it, since the first start of the server installs what they need.
 */
function byOrder(workersFirst: boolean): (a: Step, b: Step) => number {
  const place = ({ key }: Step): number => (isServer(key) ? -2 : Number(isWorker(key)) * (workersFirst ? -1 : 1));
  return (a, b) => rank(a.key) - rank(b.key) || place(a) - place(b) || (a.key < b.key ? -1 : 1);
}

/**
 * Compares what the site asks for with the inventory of what we put there. Touches nothing.
 * Creations and updates come in the order in which objects need each other, deletions last and in reverse.
 */
export function planObjects(desired: readonly Rendered[], inventory: Inventory): Step[] {
  const wanted = new Set(desired.map((object) => object.key));
  const order = byOrder([...inventory.objects.keys()].some((key) => key.startsWith("Deployment/") && !isWorker(key) && !isServer(key)));
  const changes = desired.flatMap((object): Step[] => {
    const applied = inventory.objects.get(object.key);
    if (applied === undefined) return [{ do: "create", key: object.key, desired: object, because: "not in the inventory" }];
    if (applied !== object.digest) return [{ do: "update", key: object.key, desired: object, because: "rendered differently" }];
    const edited = inventory.edited?.get(object.key);
    return edited === undefined ? [] : [{ do: "update", key: object.key, desired: object, because: becauseEdited(edited) }];
  });
  const stale = [...inventory.objects.keys()]
    .filter((key) => !wanted.has(key))
    .map((key): Step => {
      const data = holdsData.some((kind) => key.startsWith(`${kind}/`));
      return data
        ? { do: "keep", key, because: "no longer asked for, but it holds data" }
        : { do: "delete", key, because: "no longer rendered" };
    });
  return [...changes.sort(order), ...stale.sort((a, b) => order(b, a))];
}
