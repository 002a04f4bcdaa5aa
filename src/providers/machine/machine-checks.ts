import { access, readFile, statfs } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { run } from "../process.ts";

/** One thing that a machine must have. `fix` is a command or an edit that mends it. */
export interface MachineCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly fix?: string;
}

/** What checking needs to know about this process; read at the edge. */
export interface MachineFacts {
  readonly uid: number;
  readonly searchPath: string;
  readonly nodeVersion: string;
  readonly stateDirectory: string;
}

/** Program to Debian package. */
const programs: readonly (readonly [program: string, debian: string, why: string])[] = [
  ["podman", "podman", "runs the containers"],
  ["runc", "runc", "starts containers"],
  ["apt-get", "apt", "resolves packages for images"],
  ["dpkg-deb", "dpkg", "unpacks packages"],
  ["openssl", "openssl", "makes certificates"],
  ["iptables-restore", "iptables", "keeps the networks of sites apart"],
  ["ip", "iproute2", "gives their bridges addresses that stay"],
];

/** Helpers of podman that are on no search path. */
const helpers: readonly (readonly [file: string, debian: string, why: string])[] = [
  ["/usr/lib/podman/netavark", "netavark", "networks of sites"],
  ["/usr/lib/podman/aardvark-dns", "aardvark-dns", "names on these networks"],
  ["/usr/bin/catatonit", "catatonit", "keeps pods together"],
];

/** Bytes that images and a database need to start with. */
const STORAGE_BYTES = 3 * 1024 ** 3;
/** Bytes of Howdah's own memory of its sites: some kilobytes each; the rest is air to breathe. */
const STATE_BYTES = 64 * 1024 ** 2;

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Where a program is, on the search path that is given. */
export async function findProgram(program: string, searchPath: string): Promise<string | undefined> {
  for (const directory of [...searchPath.split(delimiter), "/usr/sbin", "/sbin"]) {
    if (directory !== "" && (await exists(join(directory, program)))) return join(directory, program);
  }
  return undefined;
}

async function checkPrograms(searchPath: string): Promise<MachineCheck[]> {
  const onPath = await Promise.all(
    programs.map(async ([program, debian, why]): Promise<MachineCheck> => {
      const path = await findProgram(program, searchPath);
      return path === undefined
        ? { name: program, ok: false, detail: `not installed; it ${why}`, fix: `apt-get install --no-install-recommends ${debian}` }
        : { name: program, ok: true, detail: path };
    }),
  );
  const files = await Promise.all(
    helpers.map(async ([file, debian, why]): Promise<MachineCheck> => {
      const name = debian;
      const found = (await exists(file)) || (await findProgram(debian, searchPath)) !== undefined;
      return found
        ? { name, ok: true, detail: file }
        : { name, ok: false, detail: `not installed: needed for ${why}`, fix: `apt-get install --no-install-recommends ${debian}` };
    }),
  );
  return [...onPath, ...files];
}

async function freeSpace(directory: string, needed: number): Promise<MachineCheck> {
  let at = directory;
  while (!(await exists(at)) && at !== "/") at = join(at, "..");
  const { bavail, bsize } = await statfs(at);
  const free = bavail * bsize;
  const detail = `${sizeText(free)} free on the file system of ${directory}`;
  return free >= needed
    ? { name: `space ${directory}`, ok: true, detail }
    : {
        name: `space ${directory}`,
        ok: false,
        detail: `${detail}; ${sizeText(needed)} are needed`,
        fix: "Free some space, or put the directory on a larger file system",
      };
}

function sizeText(bytes: number): string {
  return bytes >= 1024 ** 3 ? `${(bytes / 1024 ** 3).toFixed(1)} GiB` : `${(bytes / 1024 ** 2).toFixed(0)} MiB`;
}

async function podmanWorks(): Promise<MachineCheck> {
  const ran = await run(
    ["podman", "info", "--format", "{{.Version.Version}} {{.Store.GraphDriverName}} {{.Host.NetworkBackend}} {{.Host.OCIRuntime.Name}}"],
    { accept: "any", timeoutMs: 30_000 },
  ).catch((error: unknown) => error as Error);
  if (ran instanceof Error)
    return { name: "podman works", ok: false, detail: ran.message, fix: "apt-get install --no-install-recommends podman" };
  if (ran.code !== 0)
    return {
      name: "podman works",
      ok: false,
      detail: ran.lastLines.at(-1) ?? "podman info fails",
      fix: "Run `podman info` and mend what it says",
    };
  const [version = "", driver, network, runtime] = ran.stdout.trim().split(" ");
  const detail = `podman ${version}, storage ${driver ?? "?"}, network ${network ?? "?"}, runtime ${runtime ?? "?"}`;
  if (network !== "netavark")
    return {
      name: "podman works",
      ok: false,
      detail: `${detail}: names between containers need netavark`,
      fix: 'Set network_backend = "netavark" in [network] of /etc/containers/containers.conf, then `podman system reset`',
    };
  return { name: "podman works", ok: true, detail };
}

async function ulimits(): Promise<MachineCheck> {
  const limits = await readFile("/proc/self/limits", "utf8");
  const hard = Number(/Max open files\s+\S+\s+(\d+)/.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  const configured = await readFile("/etc/containers/containers.conf", "utf8").catch(() => "");
  if (hard >= 1_048_576 || configured.includes("default_ulimits"))
    return { name: "limits", ok: true, detail: `hard limit of open files: ${String(hard)}` };
  return {
    name: "limits",
    ok: false,
    detail: `hard limit of open files is ${String(hard)}, below podman's default of 1048576: containers would not start`,
    fix: 'Write default_ulimits = ["nofile=16384:16384", "nproc=4096:4096"] into [containers] of /etc/containers/containers.conf',
  };
}

/** Everything that `up` needs of this machine, checked; the order is the order in which people should mend things. */
export async function checkMachine(facts: MachineFacts): Promise<readonly MachineCheck[]> {
  const root: MachineCheck =
    facts.uid === 0
      ? { name: "root", ok: true, detail: "running as root" }
      : {
          name: "root",
          ok: false,
          detail: `running as uid ${String(facts.uid)}: \`up\` makes networks, volumes and containers of the machine`,
          fix: "Run it with sudo. `init`, `check`, `explain` and `show` need no root",
        };
  const tools = await checkPrograms(facts.searchPath);
  const podman = tools.find(({ name }) => name === "podman")?.ok === true && facts.uid === 0 ? [await podmanWorks()] : [];
  return [
    { name: "node", ok: true, detail: facts.nodeVersion },
    root,
    ...tools,
    ...podman,
    await ulimits(),
    await freeSpace("/var/lib/containers", STORAGE_BYTES),
    await freeSpace(facts.stateDirectory, STATE_BYTES),
  ];
}
