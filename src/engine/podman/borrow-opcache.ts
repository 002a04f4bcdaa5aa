import { readdir } from "node:fs/promises";
import { ENVIRONMENT_OF_ANNOTATION } from "../../kernel/label.ts";
import { linkSystems, systemsIn } from "./carry-opcache.ts";
import type { Machine } from "./machine.ts";
import { ensureOpcacheDirectory, opcacheDirectory, opcacheVolume } from "./opcache-store.ts";
import type { Workload } from "./pods.ts";

/**
 * Gives a new environment what was compiled of the very same image with the same settings for its site, or for another environment of it: its first page is
 * then as quick as any. Whose it may be the workload says. By hard links, as nothing ever writes into such a file; whatever goes wrong, it starts without.
 */
export async function borrowOpcache(machine: Pick<Machine, "store" | "system">, namespace: string, workload: Workload): Promise<void> {
  const of = workload.metadata.annotations?.[ENVIRONMENT_OF_ANNOTATION];
  const volume = opcacheVolume(workload.spec.template.spec);
  if (of === undefined || volume === undefined) return;
  try {
    const family = (await machine.store.namespaces()).filter((one) => one !== namespace && (one === of || one.startsWith(`${of}--`)));
    for (const other of family) {
      const source = opcacheDirectory(machine.store, other, volume);
      const systems = await systemsIn(source);
      if (systems.length === 0) continue;
      const target = await ensureOpcacheDirectory(machine.store, namespace, volume);
      if ((await readdir(target)).length === 0) await linkSystems(machine, { source, target, systems });
      return;
    }
  } catch {
    return;
  }
}
