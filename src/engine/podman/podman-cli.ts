import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ProcessOptions, ProcessResult, RunProcess } from "../process-port.ts";

/** A container as `podman ps --format json` lists it. */
export interface ListedContainer {
  readonly id: string;
  readonly name: string;
  readonly pod: string;
  readonly isInfra: boolean;
  readonly state: string;
  readonly image: string;
  readonly exitCode: number;
  readonly pid: number;
  /** Names of the networks it is on; a pod's infra container has them. */
  readonly networks: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** The part of `podman inspect` that the engine reads. */
export interface InspectedContainer {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly pid: number;
  readonly exitCode: number;
  readonly restarts: number;
  readonly startedAt: string;
  readonly logPath: string;
  readonly configPath: string;
  readonly cgroupPath: string;
  /** By network. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Names by network; podman adds the first digits of the container's identifier. */
  readonly aliases: Readonly<Record<string, readonly string[]>>;
  /** The file that all containers of the pod have as `/etc/hosts`; empty before the first start. */
  readonly hostsPath: string;
}

/** Podman through its command line: no socket and no service needs to run. */
export interface Podman {
  run(args: readonly string[], options?: ProcessOptions): Promise<ProcessResult>;
  /** Containers that carry all these labels, infra containers of their pods included. */
  list(labels: Readonly<Record<string, string>>): Promise<readonly ListedContainer[]>;
  /** Those of the named containers that exist. */
  inspect(names: readonly string[]): Promise<readonly InspectedContainer[]>;
  exists(kind: "container" | "pod" | "volume" | "network" | "secret" | "image", name: string): Promise<boolean>;
}

/** Binds podman to a way of running programs. */
export function podmanCli(runProcess: RunProcess): Podman {
  const run = async (args: readonly string[], options?: ProcessOptions): Promise<ProcessResult> => {
    let result = await runProcess(["podman", ...args], { ...options, accept: "any" });
    for (let tries = 1; tries < LISTED_AGAIN && isOvertaken(args, result); tries += 1)
      result = await runProcess(["podman", ...args], { ...options, accept: "any" });
    if (result.code === 0 || options?.accept === "any" || options?.accept?.includes(result.code)) return result;
    throw podmanFailure(args, result);
  };
  return {
    run,
    list: async (labels) => {
      const filters = Object.entries(labels).flatMap(([key, value]) => ["--filter", `label=${key}=${value}`]);
      const { stdout } = await run(["ps", "--all", "--format", "json", ...filters]);
      return (JSON.parse(stdout || "[]") as RawListed[]).map(listed);
    },
    inspect: async (names) => {
      if (names.length === 0) return [];
      const { stdout } = await run(["container", "inspect", ...names], { accept: "any" });
      return (JSON.parse(stdout || "[]") as RawInspected[]).map(inspected);
    },
    exists: async (kind, name) => {
      if (kind === "secret") return (await run(["secret", "inspect", name], { accept: "any" })).code === 0;
      return (await run([kind, "exists", name], { accept: [0, 1] })).code === 0;
    },
  };
}

/** A list takes 0.1 s, and who takes many volumes away needs longer for each. */
const LISTED_AGAIN = 10;

/** Podman reads names first and looks at each of them then: one that somebody else takes away in between fails the whole list. */
function isOvertaken([first, second]: readonly string[], { code, lastLines }: ProcessResult): boolean {
  if (code === 0 || (first !== "ps" && second !== "ls")) return false;
  return /no such (volume|container|pod|network|secret)|no (volume|container|pod) with (name|ID)/i.test(lastLines.join("\n"));
}

function podmanFailure(args: readonly string[], result: ProcessResult): HowdahError {
  const words = result.lastLines.join("\n");
  const what = `podman ${args.slice(0, 2).join(" ")}`;
  if (/no space left on device|disk quota exceeded|ENOSPC/i.test(words)) {
    return new HowdahError("machine/disk-full", `No space left on a file system that ${what} writes to`, { output: result.lastLines });
  }
  if (/unable to connect to Podman|database is locked|cannot connect/i.test(words)) {
    return new HowdahError("engine/unreachable", `${what} got no answer`, { output: result.lastLines });
  }
  if (/no such image|image not known|does not resolve to an image ID/i.test(words)) {
    return new HowdahError("image/missing", `${what}: an image that a pod needs is not on this machine`, { output: result.lastLines });
  }
  return new HowdahError("machine/tool-failed", `${what} ended with exit code ${result.code}`, { output: result.lastLines });
}

interface RawListed {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Pod: string;
  readonly IsInfra: boolean;
  readonly State: string;
  readonly Image: string;
  readonly ExitCode: number;
  readonly Pid: number;
  readonly Networks?: readonly string[] | null;
  readonly Labels: Readonly<Record<string, string>> | null;
}

function listed(raw: RawListed): ListedContainer {
  return {
    id: raw.Id,
    name: raw.Names[0] ?? raw.Id,
    pod: raw.Pod,
    isInfra: raw.IsInfra,
    state: raw.State,
    image: raw.Image,
    exitCode: raw.ExitCode,
    pid: raw.Pid,
    networks: raw.Networks ?? [],
    labels: raw.Labels ?? {},
  };
}

interface RawEndpoint {
  readonly IPAddress: string;
  readonly Aliases?: readonly string[] | null;
}

interface RawInspected {
  readonly Id: string;
  readonly Name: string;
  readonly State: {
    readonly Status: string;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly StartedAt: string;
    readonly CgroupPath?: string;
  };
  readonly RestartCount: number;
  readonly OCIConfigPath?: string;
  readonly HostsPath?: string;
  readonly HostConfig: { readonly LogConfig: { readonly Path: string } };
  readonly NetworkSettings?: { readonly Networks?: Readonly<Record<string, RawEndpoint>> | null };
}

function inspected(raw: RawInspected): InspectedContainer {
  const networks = Object.entries(raw.NetworkSettings?.Networks ?? {});
  return {
    id: raw.Id,
    name: raw.Name,
    status: raw.State.Status,
    pid: raw.State.Pid,
    exitCode: raw.State.ExitCode,
    restarts: raw.RestartCount,
    startedAt: raw.State.StartedAt,
    logPath: raw.HostConfig.LogConfig.Path,
    configPath: raw.OCIConfigPath ?? "",
    cgroupPath: raw.State.CgroupPath ?? "",
    addresses: Object.fromEntries(networks.filter(([, at]) => at.IPAddress !== "").map(([name, at]) => [name, at.IPAddress])),
    aliases: Object.fromEntries(networks.map(([name, at]) => [name, at.Aliases ?? []])),
    hostsPath: raw.HostsPath ?? "",
  };
}
