import { readFile } from "node:fs/promises";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Container } from "../../render/objects.ts";
import type { Podman } from "./podman-cli.ts";
import { secretVariables } from "./pod-arguments.ts";
import type { SecretStore } from "./secret-store.ts";

/** The part of an OCI process that jobs change; the rest (user, capabilities, limits, seals) is passed on as podman wrote it. */
interface OciProcess {
  readonly env: readonly string[];
  readonly [key: string]: unknown;
}

/** A running container as its runtime knows it. */
export interface ContainerProcess {
  readonly id: string;
  readonly process: OciProcess;
}

/** How programs get into containers on this machine. */
export interface RuntimePaths {
  readonly conmon: string;
  readonly runtime: string;
  readonly systemd: boolean;
}

/** Asks podman once which programs it uses itself: a job enters its container the way `podman exec` would, without podman's own 100 ms. */
export async function runtimePaths(podman: Podman): Promise<RuntimePaths> {
  const format = "{{.Host.Conmon.Path}}\n{{.Host.OCIRuntime.Path}}\n{{.Host.CgroupManager}}";
  const [conmon = "", runtime = "", manager = ""] = (await podman.run(["info", "--format", format])).stdout.trim().split("\n");
  if (conmon.startsWith("/") && runtime.startsWith("/")) return { conmon, runtime, systemd: manager === "systemd" };
  throw new HowdahError("machine/tool-missing", "podman names no conmon and no OCI runtime");
}

/** What a running container's programs get, from the configuration that podman wrote for its runtime. Error: `engine/not-ready`. */
export async function containerProcess(podman: Podman, name: string): Promise<ContainerProcess & { readonly pid: number }> {
  const [seen] = await podman.inspect([name]);
  if (seen?.status !== "running") throw new HowdahError("engine/not-ready", `${name} does not run`);
  const { process } = JSON.parse(await readFile(seen.configPath, "utf8")) as { process: OciProcess };
  return { id: seen.id, process, pid: seen.pid };
}

/** The environment with the secrets' values, which the configuration on disk shows masked. */
export async function environmentOf(
  found: ContainerProcess,
  container: Container,
  secrets: Pick<SecretStore, "read">,
  namespace: string,
): Promise<string[]> {
  const masked = new Set(secretVariables(container));
  const plain = found.process.env.filter((entry) => !masked.has(entry.slice(0, entry.indexOf("="))));
  const values = await Promise.all(
    container.env.flatMap((variable) =>
      "valueFrom" in variable
        ? [secrets.read(namespace, variable.valueFrom.secretKeyRef.name).then(({ data }) => [variable, data] as const)]
        : [],
    ),
  );
  const secret = values.flatMap(([{ name, valueFrom }, data]) => {
    const value = data[valueFrom.secretKeyRef.key];
    return value === undefined ? [] : [`${name}=${value.reveal()}`];
  });
  return [...plain, ...secret];
}
