import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { HttpRoute } from "../../render/objects.ts";
import { usableCertificate } from "./edge-certificate.ts";
import { runsWith, start } from "./edge-container.ts";
import { prepared } from "./edge-files.ts";
import { EDGE_SCRATCH, type EdgePorts, type EdgeSettings, edgeRunDirectory, WAKE_SOCKET } from "./edge-ports.ts";
import { reload } from "./edge-reload.ts";
import { TLS_ANNOTATION } from "./edge-routes.ts";
import { unmount } from "./pod-volumes.ts";
import { writeAtomically } from "../../host/write-atomically.ts";

/** The way in: one nginx for all sites of a machine, which routes by hostname and needs nobody of ours alive. */
export interface Edge {
  /** Makes it run with these settings. Errors: `machine/port-in-use`, `config/rejected`. */
  ensure(settings: EdgeSettings): Promise<void>;
  /** Lets it follow routes and ready pods; nothing happens while none was ensured. Answers which sites had to be left out, and why. */
  refresh(): Promise<readonly string[]>;
  /** Refuses a route whose certificate nginx could not use. Errors: `config/rejected` naming the secret. */
  check(namespace: string, route: HttpRoute): Promise<void>;
  /** What it was ensured with. */
  settings(): Promise<EdgeSettings | undefined>;
  remove(): Promise<void>;
  /** Where it looks for the agent that wakes sites; the path is there while it runs. */
  readonly wakeSocket: string;
}

const LOCK_WAIT_MS = 60_000;

/** Binds the edge to a machine. */
export function edge(ports: EdgePorts): Edge {
  const directory = join(ports.stateDir, "edge");
  const settingsFile = join(directory, "settings.json");
  const settings = async (): Promise<EdgeSettings | undefined> => {
    const text = await readFile(settingsFile, "utf8").catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as EdgeSettings);
  };
  const locked = async <T>(work: () => Promise<T>): Promise<T> => {
    const lock = await ports.lock("edge_", "howdah edge", { waitMs: LOCK_WAIT_MS });
    try {
      return await work();
    } finally {
      await lock.release();
    }
  };
  return {
    wakeSocket: join(edgeRunDirectory(ports.runDir), WAKE_SOCKET),
    settings,
    ensure: (wanted) =>
      locked(async () => {
        const files = await prepared(ports, directory, wanted);
        if (await runsWith(ports, wanted)) await reload(ports, files);
        else await start(ports, files, wanted);
        await writeAtomically(settingsFile, JSON.stringify(wanted), { mode: 0o600 });
      }),
    refresh: () =>
      locked(async () => {
        const wanted = await settings();
        if (wanted === undefined) return [];
        const files = await prepared(ports, directory, wanted);
        if (await runsWith(ports, wanted)) await reload(ports, files);
        else await start(ports, files, wanted);
        return files.problems;
      }),
    check: async (namespace, route) => {
      const tls = route.metadata.annotations?.[TLS_ANNOTATION];
      if (tls !== undefined) await usableCertificate(ports, { namespace, hostnames: route.spec.hostnames, tls });
    },
    remove: () =>
      locked(async () => {
        await ports.podman.run(["rm", "--force", "--ignore", "--time=10", ports.names.edge]);
        for (const scratch of EDGE_SCRATCH) await unmount(ports, join(ports.runDir, "edge", scratch));
        await rm(directory, { recursive: true, force: true });
      }),
  };
}
