import type { Limits } from "./pod-arguments.ts";
import type { Podman } from "./podman-cli.ts";

/** Asks podman once which of the machine's cgroups are there: a limit that the kernel can't keep is left out instead of failing. */
export function machineLimits(podman: Podman): () => Promise<Limits> {
  let asked: Promise<Limits> | undefined;
  return () => {
    asked ??= ask(podman);
    return asked;
  };
}

async function ask(podman: Podman): Promise<Limits> {
  const { stdout } = await podman.run(["info", "--format", "{{json .Host.CgroupControllers}}"]);
  const controllers = new Set((JSON.parse(stdout) as string[] | null) ?? []);
  return { memory: controllers.has("memory"), cpu: controllers.has("cpu"), pids: controllers.has("pids") };
}
