import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Suite } from "../../src/catalog/debian-suites.ts";
import { run } from "../../src/providers/process.ts";
import { debianApp } from "./debian-app.ts";
import { firewallLines, removeFirewall } from "./firewall-lines.ts";
import { type Answer, type Asked, httpAnswer } from "./http-answer.ts";
import { removeImages } from "./remove-images.ts";

/** What a command said. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that goes on. */
export interface Started {
  readonly pid: number;
  /** How it ends. */
  readonly done: Promise<Said>;
  /** Waits until its stderr or stdout holds these words, or it has ended without them: then false. */
  says(words: string): Promise<boolean>;
}

/** A machine of its own for a test: other state, other names in podman, another port; the images' cache is shared. */
export interface HowdahMachine {
  readonly port: number;
  /** A directory for the test's own files. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Runs the real command line. */
  howdah(...argv: readonly string[]): Promise<Said>;
  /** The same, and it must succeed. */
  ok(...argv: readonly string[]): Promise<Said>;
  /** Starts it without waiting. */
  start(...argv: readonly string[]): Started;
  /** A copy of an application of Debian, unpacked, that the test may change. Answers the root of its file system. */
  app(suite: Suite, ...packages: readonly string[]): Promise<string>;
  /** Asks the edge for a path of a site. */
  get(host: string, path: string, asked?: Asked): Promise<Answer>;
  /** Stops everything and answers what is left in podman: nothing, or the test fails. The second time nothing is done: tests look, and `afterAll` makes sure. */
  remove(): Promise<readonly string[]>;
}

/** Why end-to-end tests can't run here, or undefined. In CI they must. */
export async function whyNoMachine(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "needs root";
  const podman = await run(["podman", "--version"], { accept: "any" }).catch(() => undefined);
  return podman?.code === 0 ? undefined : "needs podman";
}

async function names(argv: readonly string[], instance: string): Promise<string[]> {
  const { stdout } = await run(argv, { accept: "any" });
  return stdout.split("\n").filter((name) => name.startsWith(`${instance}.`));
}

async function everything(instance: string): Promise<string[]> {
  const lists = await Promise.all([
    names(["podman", "ps", "-a", "--format", "{{.Names}}"], instance),
    names(["podman", "pod", "ls", "--format", "{{.Name}}"], instance),
    names(["podman", "volume", "ls", "--format", "{{.Name}}"], instance),
    names(["podman", "network", "ls", "--format", "{{.Name}}"], instance),
    names(["podman", "secret", "ls", "--format", "{{.Name}}"], instance),
    firewallLines(instance),
  ]);
  return lists.flat();
}

async function sweep(instance: string): Promise<void> {
  for (const pod of await names(["podman", "pod", "ls", "--format", "{{.Name}}"], instance))
    await run(["podman", "pod", "rm", "-f", "-t", "2", pod], { accept: "any" });
  for (const container of await names(["podman", "ps", "-a", "--format", "{{.Names}}"], instance))
    await run(["podman", "rm", "-f", "-t", "2", container], { accept: "any" });
  for (const volume of await names(["podman", "volume", "ls", "--format", "{{.Name}}"], instance))
    await run(["podman", "volume", "rm", "-f", volume], { accept: "any" });
  for (const network of await names(["podman", "network", "ls", "--format", "{{.Name}}"], instance))
    await run(["podman", "network", "rm", "-f", network], { accept: "any" });
  for (const secret of await names(["podman", "secret", "ls", "--format", "{{.Name}}"], instance))
    await run(["podman", "secret", "rm", secret], { accept: "any" });
  await removeFirewall(instance);
}

/** Makes a machine. `name` is a short word of the test file; `port` must be its own; `more` is of the environment of its commands. */
export async function howdahMachine(name: string, port: number, more: Readonly<Record<string, string>> = {}): Promise<HowdahMachine> {
  const instance = `t-${name}`;
  await sweep(instance); // what a killed run left
  const directory = await mkdtemp(join(tmpdir(), `howdah-${name}-`));
  const environment: Record<string, string> = {
    PATH: process.env["PATH"] ?? "",
    HOME: process.env["HOME"] ?? "/root",
    NO_COLOR: "1",
    HOWDAH_STATE_DIR: join(directory, "state"),
    HOWDAH_RUN_DIR: join(directory, "run"),
    HOWDAH_INSTANCE: instance,
    HOWDAH_HTTP_PORT: String(port),
    HOWDAH_HTTPS_PORT: String(port + 1),
    ...more,
  };
  for (const key of [
    "HOWDAH_CACHE_DIR",
    "HOWDAH_DEBIAN_MIRROR",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
  ]) {
    const value = process.env[key];
    if (value !== undefined) environment[key] = value;
  }
  let removed = false;
  const start: HowdahMachine["start"] = (...argv) => {
    const child = spawn(process.execPath, ["bin/howdah", ...argv], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const done = new Promise<Said>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => {
        resolve({ code: code ?? 137, stdout, stderr });
      });
    });
    const says = (words: string): Promise<boolean> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (stderr.includes(words) || stdout.includes(words)) resolve(true);
        };
        look();
        child.stderr.on("data", look);
        child.stdout.on("data", look);
        void done.then(() => {
          look();
          resolve(false);
        });
      });
    return { pid: child.pid ?? -1, done, says };
  };
  const howdah: HowdahMachine["howdah"] = (...argv) => start(...argv).done;
  return {
    port,
    directory,
    environment,
    start,
    howdah,
    async ok(...argv) {
      const said = await howdah(...argv);
      if (said.code !== 0) throw new Error(`howdah ${argv.join(" ")} ended with ${String(said.code)}\n${said.stdout}\n${said.stderr}`);
      return said;
    },
    async app(suite, ...packages) {
      const target = join(directory, `${suite}-${packages[0] ?? "app"}`);
      await mkdir(target, { recursive: true });
      await cp(await debianApp(suite, packages), target, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
      return target;
    },
    get: (host, path, asked) => httpAnswer({ address: "127.0.0.1", port }, `${host}:${String(port)}`, path, asked),
    async remove() {
      if (removed) return [];
      await howdah("agent", "--stop");
      const { stdout } = await howdah("status", "--output", "json");
      const sites = (JSON.parse(stdout || '{"sites":[]}') as { sites: { name: string }[] }).sites;
      for (const site of sites) {
        await howdah("destroy", site.name, "--yes");
        await howdah("destroy", site.name, "--purge", "--yes");
      }
      const left = (await everything(instance)).filter(
        (thing) => !thing.startsWith(`${instance}.howdah-system`) && !thing.startsWith(`${instance}.edge`),
      );
      await sweep(instance);
      await removeImages(instance, "sites");
      const mounted = (await readFile("/proc/mounts", "utf8")).split("\n").flatMap((line) => line.split(" ")[1] ?? []);
      const ours = mounted.filter((path) => path.startsWith(`${directory}/`));
      for (const path of ours) await run(["umount", "-l", path], { accept: "any" });
      await rm(directory, { recursive: true, force: true });
      // The secrets' own file system and the shared database server are the machine's: they outlive every site.
      const leftMounts = ours.filter((path) => path !== join(directory, "run/secrets") && !path.includes(`/${instance}.howdah-system`));
      removed = true;
      return [...left, ...leftMounts, ...(await everything(instance))];
    },
  };
}
