import { randomBytes } from "node:crypto";
import { spawnSync } from "node:child_process";
import { chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { getuid } from "node:process";
import mysql from "mysql2/promise";
import type { GaleraVersion } from "../../src/catalog/mariadb-versions.ts";
import { HowdahError } from "../../src/kernel/howdah-error.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { PersonsChoice } from "../../src/plan/galera/decide-recovery.ts";
import type { ClusterMemory } from "../../src/plan/galera/node-facts.ts";
import { NOTHING_SEEN } from "../../src/plan/galera/remember.ts";
import { ADMIN_USER, adminFiles } from "../../src/providers/database/mariadb/admin-secret.ts";
import { createImageBuilder } from "../../src/providers/image/create-image-builder.ts";
import { run } from "../../src/providers/process.ts";
import { printOptionFile } from "../../src/render/database/option-file.ts";
import { DATABASE_PATHS } from "../../src/render/database/server-options.ts";
import { NODE_CHECK } from "../../src/render/router/node-check.ts";
import { galeraOptions } from "../../src/render/galera/galera-options.ts";
import { execGaleraNodes } from "../../src/workflows/galera/exec-galera-nodes.ts";
import { healGalera, type HealedLook } from "../../src/workflows/galera/heal-galera.ts";

const MEMORY = 256 * 1024 * 1024;
const quiet = async (...argv: string[]): Promise<string> => (await run(argv, { accept: "any" })).stdout.trim();

/** The image of a version, built from the checkout; undefined where podman or root is missing. */
export async function galeraImage(version: GaleraVersion): Promise<string | undefined> {
  if (getuid?.() !== 0 || spawnSync("podman", ["--version"]).status !== 0) return undefined;
  const cacheDir = process.env["HOWDAH_CACHE_DIR"] ?? join(homedir(), ".cache", "howdah");
  const builder = await createImageBuilder({
    cacheDir,
    entrypointDir: resolve("src/entrypoint"),
    mirror: process.env["HOWDAH_DEBIAN_MIRROR"],
  });
  const request = { kind: "galera", version } as const;
  const lock = await builder.lock({ images: [request] }, () => {});
  return (await builder.ensureBase(request, lock, () => {})).reference;
}

/** Three nodes in containers of the real image on a network of their own, and who heals them. */
export class GaleraCluster {
  readonly id = `t-galera-${randomBytes(4).toString("hex")}`;
  readonly names = ["g-0", "g-1", "g-2"] as const;
  readonly #password = randomBytes(12).toString("hex");
  readonly #abort = new AbortController();
  /** A directory to be tried in place of the image's own programs. */
  readonly #entrypoint = process.env["HOWDAH_TEST_ENTRYPOINT"];
  #directory = "";
  #base = "";
  #image: string;
  #healing: Promise<void> | undefined;
  memory: ClusterMemory = NOTHING_SEEN;
  choice: PersonsChoice | undefined;
  last: HealedLook | undefined;
  /** What was done, in order: `bootstrap g-1`. */
  readonly done: string[] = [];

  /** Of podman, for each node. */
  readonly #more: readonly string[];

  constructor(image: string, more: readonly string[] = []) {
    this.#image = image;
    this.#more = more;
  }

  container(name: string): string {
    return `${this.id}-${name}`;
  }

  address(name: string): string {
    return `${this.#base}.${this.names.indexOf(name as "g-0") + 11}`;
  }

  readonly nodes = execGaleraNodes({
    names: this.names,
    exec: async (name, argv, signal) => {
      const ended = await run(["podman", "exec", this.container(name), ...argv], { accept: "any", signal });
      if (ended.code === 125 || ended.code === 255) throw new HowdahError("database/unreachable", ended.stderr);
      return { code: ended.code, output: ended.stdout };
    },
    isDead: async (name) => (await quiet("podman", "inspect", "--format", "{{.State.Running}}", this.container(name))) !== "true",
  });

  /** Network and files; nothing runs yet. */
  async prepare(): Promise<void> {
    this.#directory = await mkdtemp(join(tmpdir(), "t-galera-"));
    await quiet("podman", "network", "create", "--disable-dns", this.id);
    const subnet = await quiet("podman", "network", "inspect", this.id, "--format", "{{range .Subnets}}{{.Subnet}}{{end}}");
    this.#base = subnet.split(".").slice(0, 3).join(".");
    await this.#files("config", { "my.cnf": printOptionFile(galeraOptions("test", MEMORY)) });
    const admin = adminFiles(new Secret(this.#password, "test"), "test");
    await this.#files("admin", Object.fromEntries(Object.entries(admin).map(([key, secret]) => [key, secret.reveal()])));
    for (const name of this.names) await quiet("podman", "volume", "create", "--opt", "o=uid=50000,gid=50000", this.container(name));
  }

  async #files(directory: string, content: Readonly<Record<string, string>>): Promise<void> {
    const path = join(this.#directory, directory);
    await mkdir(path, { recursive: true });
    await chown(path, 50_000, 50_000);
    for (const [name, text] of Object.entries(content)) {
      await writeFile(join(path, name), text, { mode: 0o600 });
      await chown(join(path, name), 50_000, 50_000);
    }
  }

  #volume(name: string): string[] {
    return ["--volume", `${this.container(name)}:${DATABASE_PATHS.volume}`];
  }

  /** Makes a node's container anew on its volume and starts it. */
  async start(name: string, image = this.#image): Promise<void> {
    await quiet("podman", "rm", "--force", "--time=0", this.container(name));
    const env = {
      HOWDAH_NODE: name,
      HOWDAH_NODE_ADDRESS: this.address(name),
      HOWDAH_PEERS: this.names.map((one) => this.address(one)).join(","),
      HOWDAH_STATE_TRANSFER: process.env["HOWDAH_TEST_STATE_TRANSFER"] ?? "rsync",
      HOWDAH_DRAIN_SECONDS: "10",
    };
    await run([
      ...["podman", "run", "--detach", "--name", this.container(name), "--network", this.id, "--ip", this.address(name)],
      ...["--read-only", "--cap-drop=all", "--user=50000:50000", "--security-opt=no-new-privileges", "--memory", "1g"],
      ...this.#volume(name),
      ...["--volume", `${join(this.#directory, "config")}:${DATABASE_PATHS.config}:ro`],
      ...["--volume", `${join(this.#directory, "admin")}:${DATABASE_PATHS.secrets}:ro`],
      ...["--tmpfs", `${DATABASE_PATHS.temporary}:mode=1777`, "--tmpfs", `${DATABASE_PATHS.run}:mode=0777`],
      ...Object.entries(env).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
      ...(this.#entrypoint === undefined ? [] : ["--volume", `${this.#entrypoint}:/usr/lib/howdah:ro`]),
      ...this.#more.map((argument) => argument.replaceAll("NODE", name)),
      image,
    ]);
  }

  /** The whole container, as a machine that is lost. */
  async kill(...names: readonly string[]): Promise<void> {
    await run(["podman", "kill", "--signal=KILL", ...names.map((name) => this.container(name))], { accept: "any" });
  }

  async stop(name: string): Promise<number> {
    await quiet("podman", "stop", "--time=120", this.container(name));
    return Number(await quiet("podman", "inspect", "--format", "{{.State.ExitCode}}", this.container(name)));
  }

  /** A signal to the server alone: SIGKILL, SIGSTOP, SIGCONT. */
  async signal(name: string, signal: "KILL" | "STOP" | "CONT"): Promise<void> {
    await run(["podman", "exec", this.container(name), "pkill", `-${signal}`, "-x", "mariadbd"]);
  }

  /** The process of a node's container, by which its network is entered. */
  async processOf(name: string): Promise<number> {
    return Number(await quiet("podman", "inspect", "--format", "{{.State.Pid}}", this.container(name)));
  }

  async log(name: string): Promise<string> {
    const { stdout, stderr } = await run(["podman", "logs", this.container(name)], { accept: "any" });
    return stdout + stderr;
  }

  /** Runs a shell line of the test's own on a node's volume, beside whatever runs. */
  async onVolume(name: string, line: string): Promise<string> {
    const argv = ["podman", "run", "--rm", "--user=50000:50000", "--network=none", ...this.#volume(name), "--entrypoint", "/bin/sh"];
    return (await run([...argv, this.#image, "-c", line])).stdout;
  }

  /** What the operator does, every half second, until `remove`. */
  heal(): void {
    this.#healing ??= this.#loop();
  }

  async #loop(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      await this.look().catch(() => undefined);
      await new Promise((wake) => setTimeout(wake, 500));
    }
  }

  /** One look, as the operator has it. */
  async look(): Promise<HealedLook> {
    const save = async (memory: ClusterMemory) => void (this.memory = memory);
    const before = { memory: this.memory, still: this.last?.still, choice: this.choice };
    const found = await healGalera({ nodes: this.nodes, clock: Date, save }, before, this.#abort.signal);
    const { action } = found.decision;
    const what = "node" in action ? `${action.do} ${action.node}` : action.do === "refuse" ? `refuse ${action.reason}` : action.do;
    if (what !== "nothing" && this.done.at(-1) !== what) this.done.push(what);
    this.last = found;
    return found;
  }

  /** MariaDB's version of a node that serves, as it was looked at last; "" of another. */
  version(name: string): string {
    const state = this.last?.nodes.find((node) => node.name === name)?.state;
    return state?.kind === "running" && state.primary && state.synced ? (state.version ?? "") : "";
  }

  /** What a node answers to routers. */
  async check(name: string, path: string): Promise<number> {
    return (await fetch(`http://${this.address(name)}:${NODE_CHECK.port}${path}`, { signal: AbortSignal.timeout(10_000) })).status;
  }

  get login(): { readonly user: string; readonly password: string } {
    return { user: ADMIN_USER, password: this.#password };
  }

  async connect(name: string, database?: string): Promise<mysql.Connection> {
    const connection = await mysql.createConnection({
      ...{ host: this.address(name), ...this.login, connectTimeout: 3000 },
      ...(database === undefined ? {} : { database }),
    });
    connection.on("error", () => undefined);
    return connection;
  }

  async query(name: string, statement: string, values: readonly (string | number)[] = []): Promise<Record<string, unknown>[]> {
    const connection = await this.connect(name);
    try {
      const [rows] = await connection.query(statement, [...values]);
      return rows as Record<string, unknown>[];
    } finally {
      connection.destroy();
    }
  }

  async remove(): Promise<void> {
    this.#abort.abort();
    await this.#healing;
    for (const name of this.names) {
      await quiet("podman", "rm", "--force", "--time=0", this.container(name));
      await quiet("podman", "volume", "rm", "--force", this.container(name));
    }
    await quiet("podman", "network", "rm", "--force", this.id);
    await rm(this.#directory, { recursive: true, force: true });
  }
}
