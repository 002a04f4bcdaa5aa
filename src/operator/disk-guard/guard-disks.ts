import type { Clock } from "../../kernel/clock.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import { resources } from "../../kubernetes/resources.ts";
import { type DiskSpace, diskReserve } from "../../plan/disk-guard/decide-disk-guard.ts";
import { PRODUCTION } from "../../workflows/cluster/cluster-place.ts";
import { noWrites } from "../../workflows/disk-guard/disk-guard-record.ts";
import { type DiskAct, diskWatch } from "../../workflows/disk-guard/watch-disk.ts";
import type { Ports } from "../../workflows/ports.ts";
import type { OperatorPorts } from "../operator-ports.ts";
import { type GuardedPods, guardedPods } from "./guarded-pods.ts";

/** What the task is made of. */
export interface DiskGuardParts {
  readonly ports: OperatorPorts;
  /** The same on what the watches know: finding the servers asks nobody. */
  readonly known: OperatorPorts;
  readonly clock: Clock;
  /** An environment is to say what is changed. */
  readonly look: (namespace: string) => void;
}

/** A look starts a program in a pod: seldom while there is room, each second when there is little. */
const SHORTEST_MS = 1000;
const LONGEST_MS = 5000;
/** What a fast disk takes in a second: the next look comes before half of the room above the reserve could be gone. */
const FASTEST_BYTES = 500 * 1024 ** 2;
/** Databases of tenants with a bound are measured at each so many looks. */
const LIMITS_LOOKS = 3;

type Guards = NonNullable<Ports["diskGuards"]>;

interface Watched {
  readonly look: () => Promise<readonly DiskAct[]>;
  readonly guards: Guards;
  /** The server as it was found last. */
  server: GuardedPods;
  space: DiskSpace | undefined;
}

/**
 * Stops who fills the disk of a database server before the server dies of it, and lets it write again: the same decision as on one machine, made by the
 * operator that leads. Sites say it in a condition, people are told by events. A failure is logged once and tried again.
 */
export async function guardDisks({ ports, known, clock, look }: DiskGuardParts, signal: AbortSignal): Promise<void> {
  const watches = new Map<string, Watched>();
  const failing = new Set<string>();
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      const answer = await work();
      failing.delete(what);
      return answer;
    } catch (error) {
      if (!failing.has(what) && !signal.aborted)
        ports.log("warn", "a database's disk could not be looked after", { server: what, error: wordsOf(error) });
      failing.add(what);
      return undefined;
    }
  };
  let servers: readonly GuardedPods[] = [];
  while (!signal.aborted) {
    // What could not be found out changes nothing: speeds of the servers that were there are still good.
    servers = (await attempt("servers", () => guardedPods(known, ports, signal))) ?? servers;
    for (const [name, { guards }] of [...watches]) {
      if (servers.some(({ reference }) => reference.name === name)) continue;
      watches.delete(name);
      await attempt(name, () => guards.remove(name));
    }
    const pauses = await Promise.all(
      servers.map(async (server) => {
        const watched = watchOf(server, watches, ports);
        if (watched === undefined) return LONGEST_MS;
        const acts = (await attempt(server.reference.name, () => watched.look())) ?? [];
        for (const act of acts) await attempt(server.reference.name, () => tell(act, watched, ports, look, signal));
        return pauseOf(watched.space);
      }),
    );
    await clock.sleep(Math.min(LONGEST_MS, ...pauses), signal).catch(() => undefined);
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The same watch for a server that was there before, so that speeds stay known. */
function watchOf(server: GuardedPods, watches: Map<string, Watched>, ports: OperatorPorts): Watched | undefined {
  const { name } = server.reference;
  const before = watches.get(name);
  if (before !== undefined) {
    before.server = server;
    return before;
  }
  const { databases, diskGuards } = ports.portsFor(SYSTEM_NAMESPACE);
  if (diskGuards === undefined) return undefined;
  const guards = remembering(diskGuards);
  const now = (): GuardedPods => watches.get(name)?.server ?? server;
  const measured = {
    reference: server.reference,
    room: async () => {
      const space = await now().room();
      const watched = watches.get(name);
      if (watched !== undefined) watched.space = space;
      return space;
    },
    sizes: () => now().sizes(),
    ownBytes: () => now().ownBytes(),
    limits: () => now().limits(),
  };
  const look = diskWatch(measured, { clock: ports.clock, databases, diskGuards: guards }, LIMITS_LOOKS);
  const watched: Watched = { look, guards, server, space: undefined };
  watches.set(name, watched);
  ports.metrics?.gauge("howdah_database_disk_free_bytes", { server: name }, () => watches.get(name)?.space?.freeBytes ?? 0);
  ports.metrics?.gauge("howdah_databases_blocked", { server: name }, () => guards.last(name)?.blocked.length ?? 0);
  return watched;
}

/** Nobody else writes these: what was read or written once needs no request at each look. */
function remembering(store: Guards): Guards & { readonly last: (name: string) => Awaited<ReturnType<Guards["get"]>> } {
  const seen = new Map<string, Awaited<ReturnType<Guards["get"]>>>();
  return {
    ...store,
    last: (name) => seen.get(name),
    get: async (name) => {
      if (!seen.has(name)) seen.set(name, await store.get(name));
      return seen.get(name);
    },
    put: async (name, record) => {
      await store.put(name, record);
      seen.set(name, record);
    },
  };
}

function pauseOf(space: DiskSpace | undefined): number {
  if (space === undefined) return LONGEST_MS;
  const room = space.freeBytes - diskReserve(space.totalBytes);
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, (room / 2 / FASTEST_BYTES) * 1000));
}

async function tell(
  act: DiskAct,
  { server, guards }: Watched,
  ports: OperatorPorts,
  look: (namespace: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { name } = server.reference;
  const { act: what, ...values } = act;
  const isGood = what === "allowed" || (act.act === "level" && act.disk === "fine");
  ports.log(isGood ? "info" : "warn", "a database's disk", { server: name, what, ...values });
  if (act.act === "level") {
    const namespace = server.told === "StatefulSet" ? SYSTEM_NAMESPACE : undefined;
    const object = await ports.api.get({ resource: resources[server.told], namespace, name }, signal);
    const message = `The volume of ${name} is ${String(act.usedPercent)} % full${LEVELS[act.disk]}`;
    const type = isGood ? "Normal" : "Warning";
    if (object !== undefined) await ports.tell(object, { type, reason: isGood ? "DiskHasRoom" : "DiskAlmostFull", message });
    return;
  }
  for (const { namespace } of server.databases.filter((one) => one.name === act.database)) {
    look(namespace);
    const site = await ports.api.get({ resource: resources.Environment, namespace, name: PRODUCTION }, signal);
    const why = noWrites({ name: act.database }, await guards.get(name))?.message ?? "";
    const event =
      act.act === "blocked"
        ? ({ type: "Warning", reason: "WritesStopped", message: why } as const)
        : ({ type: "Normal", reason: "WritesAllowed", message: "Its database takes writes again" } as const);
    if (site !== undefined) await ports.tell(site, event);
  }
}

const LEVELS = {
  fine: "",
  warning: "",
  acting: ": whose database grows fastest may not write",
  critical: ": no site may write until there is room",
} as const satisfies Readonly<Record<Extract<DiskAct, { act: "level" }>["disk"], string>>;
