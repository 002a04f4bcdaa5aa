import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Ports } from "../ports.ts";

/** A site whose pods show files as they are saved. */
export interface WatchRecord {
  readonly namespace: string;
  /** Tells one watch of a site from another. */
  readonly session: string;
  /** The tree that is watched. */
  readonly source: string;
  /** The process that watches, as `MachinePort.processIdentity` names it: it may be gone. */
  readonly process: string;
  /** RFC 3339. */
  readonly since: string;
  /** The release that serves again afterwards. */
  readonly release: string;
  /** Digests of the rendered Deployments that mount the watched code. The site is in watch mode while the engine has one of them. */
  readonly deployments: readonly string[];
}

export type WatchPorts = Pick<Ports, "watches" | "engine" | "settings">;

/** The watch that a site's pods are in. What the engine has decides: a record whose pods were replaced since is of the past. */
export async function watchOf(namespace: string, ports: WatchPorts): Promise<WatchRecord | undefined> {
  const record = await ports.watches.get(namespace);
  if (record === undefined) return undefined;
  const applied = [...(await ports.engine.inventory(namespace)).objects.values()];
  // While former pods still end, an engine adds to a digest, so that a plan comes to it again.
  return record.deployments.some((digest) => applied.some((one) => one.startsWith(digest))) ? record : undefined;
}

/** Where the copies of a site's code lie that pods mount while it is watched, one directory for each watch. */
export function liveDirectory(namespace: string, session: string, ports: Pick<Ports, "settings">): string {
  return join(ports.settings.stateDirectory, "live", namespace, session);
}

/**
 * Clears up after a watch whose pods are gone; does nothing while they are there. The caller holds the site's lock. Its process may still write
 * into the copy: what can't be removed is no failure of a command that has put something else there, and goes the next time.
 */
export async function forgetWatch(namespace: string, ports: WatchPorts): Promise<void> {
  if ((await watchOf(namespace, ports)) !== undefined) return;
  await ports.watches.remove(namespace);
  const copies = join(ports.settings.stateDirectory, "live", namespace);
  await rm(copies, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }).catch(() => undefined);
}
