import type { EngineContext } from "../engine.ts";
import type { Machine } from "./machine.ts";
import { label } from "./names.ts";
import { scaleDown } from "./scale.ts";
import { secretNames } from "./secret-store.ts";

/**
 * Takes away everything of a namespace but its data. What stays in the inventory are the claims of volumes that still exist,
 * so that the same site finds its data again; secrets stay too.
 */
export async function removeNamespace(machine: Machine, namespace: string, context: EngineContext): Promise<void> {
  await scaleDown(machine, namespace, context);
  const left = await machine.podman.list({ [label.instance]: machine.names.instance, [label.namespace]: namespace });
  if (left.length > 0) {
    const names = left.filter((container) => !container.isInfra).map((container) => container.name);
    await machine.podman.run(["rm", "--force", "--ignore", "--time=1", ...names], { accept: "any" });
  }
  const state = await machine.store.change(namespace, ({ objects }) => ({
    version: 1,
    down: false,
    objects: Object.fromEntries(Object.entries(objects).filter(([key]) => key.startsWith("PersistentVolumeClaim/"))),
  }));
  await machine.secrets.prune(namespace, () => false);
  await machine.refreshEdge();
  const holdsNothing = Object.keys(state.objects).length === 0 && (await secretNames(machine.store, namespace)).length === 0;
  if (holdsNothing) await machine.store.forget(namespace);
}
