import { readdir, readFile } from "node:fs/promises";
import type { Limits } from "./pod-arguments.ts";

const CGROUPS = "/sys/fs/cgroup";

/** Looks once at which of the machine's cgroups are there: a limit that the kernel can't keep is left out instead of failing. */
export function machineLimits(root: string = CGROUPS): () => Promise<Limits> {
  let asked: Promise<Limits> | undefined;
  return () => {
    asked ??= look(root);
    return asked;
  };
}

/** As `podman info` does it, which takes half a second of CPU for everything else that it says: cgroups v2 list their controllers, v1 have a directory for each. */
async function look(root: string): Promise<Limits> {
  const unified = await readFile(`${root}/cgroup.controllers`, "utf8").catch(() => undefined);
  const controllers = new Set(unified === undefined ? await readdir(root).catch(() => []) : unified.trim().split(" "));
  return { memory: controllers.has("memory"), cpu: controllers.has("cpu"), pids: controllers.has("pids") };
}
