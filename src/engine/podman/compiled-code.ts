import type { CompiledCodeStore } from "../compiled-code.ts";
import type { Machine } from "./machine.ts";
import { label } from "./names.ts";
import { listOpcache, mountedOpcache, removeFormerOpcache } from "./opcache-store.ts";
import type { ListedContainer } from "./podman-cli.ts";
import { objectsOf } from "./state-store.ts";

/** The machine's compiled code, of all namespaces. */
export function compiledCode(machine: Machine): CompiledCodeStore {
  const usedIn = async (namespace: string): Promise<ReadonlySet<string>> =>
    usedOpcache(machine, namespace, await machine.podman.list({ [label.instance]: machine.names.instance, [label.namespace]: namespace }));
  return {
    list: async () => {
      const namespaces = await machine.store.namespaces();
      const lists = await Promise.all(
        namespaces.map(async (namespace) => {
          const found = await listOpcache(machine.store, namespace);
          if (found.length === 0) return [];
          const used = await usedIn(namespace);
          return found.map(({ name, bytes, underWay }) => ({ namespace, name, bytes, used: underWay ?? used.has(name) }));
        }),
      );
      return lists.flat();
    },
    dropUnused: async (namespace) => removeFormerOpcache(machine.store, namespace, await usedIn(namespace)),
  };
}

/** Names of the compiled code that a namespace's Deployments mount when they start, and that its containers have mounted. */
export async function usedOpcache(
  machine: Machine,
  namespace: string,
  containers: readonly Pick<ListedContainer, "labels">[],
): Promise<ReadonlySet<string>> {
  const applied = objectsOf(await machine.store.read(namespace), "Deployment").map(({ spec }) => spec.template.spec);
  const mounted = containers.map((container) => container.labels[label.opcache] ?? "");
  return new Set([...applied.map((spec) => mountedOpcache(machine.store, namespace, spec)), ...mounted]);
}
