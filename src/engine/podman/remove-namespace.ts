import type { EngineContext } from "../engine.ts";
import { forgetWhenEmpty } from "./forget-namespace.ts";
import type { Machine } from "./machine.ts";
import { label } from "./names.ts";
import { refreshEdgeIfPossible, scaleDown } from "./scale.ts";

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
  await machine.store.change(namespace, ({ objects }) => ({
    version: 1,
    down: false,
    objects: Object.fromEntries(Object.entries(objects).filter(([key]) => key.startsWith("PersistentVolumeClaim/"))),
  }));
  await machine.secrets.prune(namespace, () => false);
  await machine.volumes.discardSecrets(namespace);
  await machine.volumes.discardOthers(`${machine.names.instance}.${namespace}.`, new Set(), 0);
  await refreshEdgeIfPossible(machine, context);
  await forgetWhenEmpty(machine, namespace);
}
