import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createInterface } from "node:readline";
import { credentials, loadPackageDefinition, type ServiceClientConstructor, type ServiceError } from "@grpc/grpc-js";
import { loadProto } from "../../src/csi/grpc-server.ts";
import type { Step } from "../../src/csi/steps.ts";
import { destroyDatasetStorage } from "../../src/providers/dataset-storage/open-dataset-storage.ts";
import { run } from "../../src/providers/process.ts";

/** The services of the driver. */
export type CsiService = "Identity" | "Controller" | "Node";

/** A process of the storage driver on a directory of its own, and a client of it. */
export interface CsiRig {
  readonly socket: string;
  /** A place that isn't there yet, for a volume to be published at. */
  readonly target: (name: string) => string;
  /** Starts the driver and waits until it serves; lines of its log so far. */
  readonly start: () => Promise<readonly string[]>;
  /** kill -9. */
  readonly kill: () => Promise<void>;
  /** The running driver, and those after it, die at that step; undefined: at none. */
  readonly dieAt: (step: Step | undefined) => Promise<void>;
  /** Resolves when the driver has died; says by which signal. */
  readonly died: () => Promise<string | null>;
  readonly call: <T>(service: CsiService, method: string, request: object) => Promise<T>;
  /** Whether the driver dies within ten seconds: who called it may hear of that first. */
  readonly diesSoon: () => Promise<boolean>;
  /** Where the driver keeps what is in a volume or snapshot. */
  readonly dataOf: (id: string) => string;
  /** Ids of what is really on the disk. */
  readonly stored: () => Promise<readonly string[]>;
  readonly remove: () => Promise<void>;
}

const LIMIT = 2 * 1024 ** 3;

/** `on` is a file system that is there (XFS); without it the driver makes its own. */
export async function csiRig(on?: string): Promise<CsiRig> {
  const scratch = await mkdtemp(join(tmpdir(), "t-csi-"));
  const [socket, killFile, directory] = [join(scratch, "csi.sock"), join(scratch, "kill"), on ?? join(scratch, "pool")];
  await writeFile(killFile, "");
  let driver: ChildProcess | undefined;
  let ended: Promise<string | null> = Promise.resolve(null);
  const start = async (): Promise<readonly string[]> => {
    const argv = ["bin/howdah-csi", "--node", "node-1", "--directory", directory, "--socket", socket, "--limit", String(LIMIT)];
    const child = spawn(process.execPath, argv, {
      stdio: ["ignore", "inherit", "pipe"],
      env: { ...process.env, HOWDAH_CSI_KILL_AT: killFile },
    });
    driver = child;
    ended = once(child, "exit").then(([, signal]) => signal as string | null);
    return await linesUntilServing(child);
  };
  const kill = async (): Promise<void> => {
    driver?.kill("SIGKILL");
    await ended;
  };
  const volumes = join(directory, on === undefined ? "storage/mount/volumes" : "storage/volumes");
  return {
    socket,
    target: (name) => join(scratch, "targets", name),
    start,
    kill,
    dieAt: (step) => writeFile(killFile, step ?? ""),
    died: () => ended,
    call: (service, method, request) => callOnce(socket, service, method, request),
    diesSoon: () => Promise.race([ended.then(() => true), sleep(10_000).then(() => false)]),
    dataOf: (id) => join(volumes, id, "data"),
    stored: async () => (await readdir(volumes)).toSorted(),
    remove: async () => {
      await kill();
      const targets = join(scratch, "targets");
      await mkdir(targets, { recursive: true });
      for (const name of await readdir(targets)) while ((await run(["umount", "--", join(targets, name)], { accept: "any" })).code === 0);
      await destroyDatasetStorage(join(directory, "storage"), {
        ...{ searchPath: process.env["PATH"] ?? "", lockFile: `${socket}.lock`, now: () => new Date() },
      });
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

async function linesUntilServing(child: ChildProcess): Promise<readonly string[]> {
  const lines: string[] = [];
  if (child.stderr === null) throw new TypeError("no log");
  const reader = createInterface(child.stderr);
  return await new Promise((resolve, reject) => {
    reader.on("line", (line) => {
      lines.push(line);
      if (line.includes('"msg":"serving"')) resolve(lines);
    });
    child.once("exit", () => reject(new Error(`The driver ended before it served:\n${lines.join("\n")}`)));
  });
}

const definitions = loadPackageDefinition(loadProto(join(import.meta.dirname, "../../src/csi/proto/csi.proto"))) as unknown as {
  readonly csi: { readonly v1: Readonly<Record<CsiService, ServiceClientConstructor>> };
};

/** A connection for each call: drivers come and go. */
async function callOnce<T>(socket: string, service: CsiService, method: string, request: object): Promise<T> {
  const client = new definitions.csi.v1[service](`unix://${socket}`, credentials.createInsecure());
  const send = client[method] as (request: object, done: (error: ServiceError | null, answer: T) => void) => void;
  try {
    return await new Promise<T>((resolve, reject) => {
      send.call(client, request, (error, answer) => {
        if (error === null) resolve(answer);
        else reject(error);
      });
    });
  } finally {
    client.close();
  }
}
