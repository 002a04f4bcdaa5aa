import type { Clock } from "../kernel/clock.ts";
import type { StructuredLog } from "../kernel/structured-log.ts";

/** A database server whose disk is watched. */
export interface WatchedDisk {
  readonly server: string;
  /** Looks once; answers what it did and what changed. */
  look(): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

/** What the task is made of. */
export interface DiskGuardParts {
  /** The servers of this machine; asked now and then, since `up` may bring another. A watch that was there before is the same one again. */
  readonly disks: () => Promise<readonly WatchedDisk[]>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: StructuredLog;
}

/** A look costs one system call while there is room. A fast disk takes 500 MB in that time. */
const PERIOD_MS = 1000;
/** Looks between two times that the servers are asked for. */
const LOOKS = 30;

/** Stops who fills a database's disk before the server dies of it, and lets it write again. A failure is said once, and tried again at the next look. */
export async function diskGuardLoop({ disks, clock, signal, log }: DiskGuardParts): Promise<void> {
  const failing = new Set<string>();
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      const answer = await work();
      failing.delete(what);
      return answer;
    } catch (error) {
      if (!failing.has(what) && !signal.aborted)
        log({ level: "warning", msg: "a database's disk could not be looked after", ...said(what, error) });
      failing.add(what);
      return undefined;
    }
  };
  let known: readonly WatchedDisk[] = [];
  for (let looks = 0; !signal.aborted; looks++) {
    if (looks % LOOKS === 0) known = (await attempt("servers", disks)) ?? known;
    for (const disk of known)
      for (const act of (await attempt(disk.server, () => disk.look())) ?? [])
        log({ level: levelOf(act), msg: "a database's disk", server: disk.server, ...act });
    await clock.sleep(PERIOD_MS, signal).catch(() => undefined);
  }
}

function levelOf(act: Readonly<Record<string, unknown>>): "info" | "warning" {
  return act["act"] === "allowed" || act["disk"] === "fine" ? "info" : "warning";
}

function said(server: string, error: unknown): Record<string, string> {
  return { server, error: error instanceof Error ? error.message : String(error) };
}
