import { randomBytes } from "node:crypto";
import { chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine } from "../../src/engine/engine.ts";
import { attachProcess } from "../../src/engine/podman/attach-process.ts";
import type { DatabaseServer, ServerReference } from "../../src/providers/database/database-server.ts";
import { mariadbServer } from "../../src/providers/database/mariadb/mariadb-server.ts";
import { run } from "../../src/providers/process.ts";
import { fileSecretStore } from "../../src/providers/secrets/file-secret-store.ts";
import type { SecretStore } from "../../src/providers/secrets/secret-store.ts";
import { systemClock } from "../../src/providers/system-clock.ts";
import { renderDatabaseServer } from "../../src/render/database/render-database-server.ts";
import { DATABASE_PATHS } from "../../src/render/database/server-options.ts";
import type { ConfigMap } from "../../src/render/objects.ts";
import type { ImportPorts } from "../../src/workflows/database/import-database.ts";

/** A real server in a container as it is rendered, without an engine: podman by hand, so that tests can kill it where they like. */
export interface MariadbContainer {
  readonly directory: string;
  /** Where its volume lies on this machine. */
  readonly volumePath: string;
  readonly secrets: SecretStore;
  readonly databases: DatabaseServer;
  readonly reference: ServerReference;
  readonly exec: Engine["exec"];
  /** Starts a container on the same volume; waits for nothing. */
  start(): Promise<void>;
  ready(timeoutMs?: number): Promise<void>;
  kill(): Promise<void>;
  /** SIGTERM; answers the exit code. */
  stop(): Promise<number>;
  log(): Promise<string>;
  /** What podman says of the container. */
  inspect(): Promise<string>;
  /** Runs a shell line of the test's own in a throw-away container on the volume. */
  onVolume(line: string): Promise<string>;
  /** What the database workflows take, with their files below `stateDirectory`. */
  ports(stateDirectory: string): ImportPorts;
  remove(): Promise<void>;
}

const MEMORY = 512 * 1024 * 1024;

/**
 * Makes volume and files; nothing runs yet. `remove` leaves nothing behind. `inMemory`: the size of a volume in memory, for tests that make and drop hundreds of tables.
 */
export async function mariadbContainer(
  image: string,
  version: string,
  { inMemory }: { readonly inMemory?: string } = {},
): Promise<MariadbContainer> {
  const id = `t-db-${randomBytes(4).toString("hex")}`;
  const directory = await mkdtemp(join(tmpdir(), "t-db-"));
  const secrets = fileSecretStore(join(directory, "state"));
  const databases = mariadbServer(secrets, systemClock);
  const name = `mariadb-${version.replace(".", "-")}`;
  const configuration = renderDatabaseServer({ version, image, memoryBytes: MEMORY }).find((one) => one.kind === "ConfigMap") as ConfigMap;
  await files(join(directory, "config"), configuration.data);
  const admin = await databases.adminSecret(name);
  await files(join(directory, "admin"), Object.fromEntries(Object.entries(admin).map(([key, secret]) => [key, secret.reveal()])));
  await run(["podman", "volume", "create", "--opt", "o=uid=50000,gid=50000", id]);
  const place = (await run(["podman", "volume", "inspect", "--format", "{{.Mountpoint}}", id])).stdout.trim();
  // By hand: podman takes a size only where its own file system has quotas.
  if (inMemory !== undefined) await run(["mount", "-t", "tmpfs", "-o", `size=${inMemory},uid=50000,gid=50000,mode=0755`, "tmpfs", place]);
  const mounts = [
    ...["--volume", `${id}:${DATABASE_PATHS.volume}`, "--volume", `${join(directory, "config")}:${DATABASE_PATHS.config}:ro`],
    ...["--volume", `${join(directory, "admin")}:${DATABASE_PATHS.secrets}:ro`, "--tmpfs", `${DATABASE_PATHS.temporary}:mode=1777`],
    ...["--tmpfs", `${DATABASE_PATHS.run}:mode=0777`],
  ];
  const options = ["--read-only", "--cap-drop=all", "--user=50000:50000", "--security-opt=no-new-privileges", ...mounts];
  const reference: ServerReference = {
    name,
    async locate() {
      const argv = ["podman", "inspect", "--format", "{{.NetworkSettings.IPAddress}}", id];
      const { stdout } = await run(argv, { accept: "any" });
      return stdout.trim() === "" ? undefined : { address: stdout.trim(), port: 3306 };
    },
  };
  const quiet = async (...argv: string[]): Promise<void> => void (await run(argv, { accept: "any" }));
  return {
    directory,
    volumePath: place,
    secrets,
    databases,
    reference,
    exec: async (_target, request, context) => await podmanExec(id, request, context),
    async start() {
      await quiet("podman", "rm", "--force", "--time=0", id);
      await run([
        "podman",
        "run",
        "--detach",
        "--name",
        id,
        "--memory",
        // A file in memory is the memory of whoever wrote it.
        String(inMemory === undefined ? MEMORY : 4 * MEMORY),
        ...options,
        "--entrypoint",
        DATABASE_PATHS.entrypoint,
        image,
      ]);
    },
    ready: (timeoutMs = 60_000) => databases.waitReady(reference, { timeoutMs, signal: new AbortController().signal }),
    kill: () => quiet("podman", "kill", "--signal=KILL", id),
    async stop() {
      await run(["podman", "stop", "--time=60", id]);
      return Number((await run(["podman", "inspect", "--format", "{{.State.ExitCode}}", id])).stdout);
    },
    async log() {
      const { stdout, stderr } = await run(["podman", "logs", id], { accept: "any" });
      return stdout + stderr;
    },
    inspect: async () => (await run(["podman", "inspect", id])).stdout,
    async onVolume(line) {
      return (await run(["podman", "run", "--rm", ...options, "--entrypoint", "/bin/sh", image, "-c", line])).stdout;
    },
    ports: (stateDirectory) => ({
      engine: fakeEngine(id, reference),
      settings: { stateDirectory, httpPort: 0, httpsPort: 0, bind: "", retentionDays: 0, who: "test" },
      clock: systemClock,
      secrets,
      databases,
      locks: { hold: async (_namespace, _command, work) => await work() },
    }),
    async remove() {
      await quiet("podman", "rm", "--force", "--time=0", id);
      if (inMemory !== undefined) await quiet("umount", "--lazy", place);
      await quiet("podman", "volume", "rm", "--force", id);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function files(directory: string, content: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(directory, { recursive: true });
  await chown(directory, 50_000, 50_000);
  for (const [name, text] of Object.entries(content)) {
    await writeFile(join(directory, name), text, { mode: 0o600 });
    await chown(join(directory, name), 50_000, 50_000);
  }
}

/** The part of an engine that the workflows use: exec, and where the server's pod is. */
function fakeEngine(id: string, reference: ServerReference): Engine {
  const part: Pick<Engine, "exec" | "observe" | "locate"> = {
    locate: async () => (await reference.locate())?.address,
    exec: async (_target, request, context) => await podmanExec(id, request, context),
    async observe(namespace) {
      const place = await reference.locate();
      const pod = { name: id, workload: reference.name, templateDigest: "", phase: "Running", ready: true, containers: [] } as const;
      return { namespace, workloads: [], pods: place === undefined ? [] : [{ ...pod, ip: place.address }], routes: [], volumes: [] };
    },
  };
  return part as Engine;
}

/** `Engine.exec` through the real one of the podman engine. */
async function podmanExec(id: string, request: Parameters<Engine["exec"]>[1], context: Parameters<Engine["exec"]>[2]): Promise<number> {
  return await attachProcess(["podman", "exec", "--interactive", id, ...request.argv], {
    signal: context.signal,
    stdin: request.stdin ?? "none",
    stdout: request.stdout ?? "inherit",
    stderr: request.stderr ?? "inherit",
  });
}
