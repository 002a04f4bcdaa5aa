import { type FSWatcher, statSync, watch } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Notices that something in some directories may have changed. What changed is for whoever reads them: events get lost and lie. */
export interface DirectoryWatch {
  /** These directories from now on, and no others. One that is new counts as changed: something may be in it already. */
  follow(directories: ReadonlySet<string>): void;
  /** From now on what was noticed before is forgotten: called right before the directories are read. */
  begin(): void;
  /** Waits for a change since `begin` that has been quiet for a moment; answers when it began (milliseconds since 1970). */
  next(signal: AbortSignal): Promise<number>;
  readonly noticing: () => "events" | "polling";
  close(): void;
}

/** How long nothing more must happen before a change is taken: editors truncate, write and rename within a millisecond. */
const QUIET_MS = 15;
/** A change that goes on (a checkout of thousands of files) is taken in parts after so long. */
const PATIENCE_MS = 200;
/** Between two looks when the kernel can't tell. */
const POLL_MS = 700;

/**
 * Watches directories one by one: on Linux an inotify watch of a directory tells of everything that is made, written, renamed and deleted in
 * it. Node's own recursive watch adds one for each file and loses those that editors replace by rename. When the kernel has no more watches,
 * or `polling` says that it hears nothing (network file systems), a change is assumed now and then.
 */
export function watchDirectories(options: { readonly polling: boolean }): DirectoryWatch {
  const watchers = new Map<string, { readonly identity: string; readonly watcher: FSWatcher }>();
  let polling = options.polling;
  const seen: { changedAt: number | undefined; lastAt: number } = { changedAt: undefined, lastAt: 0 };
  let wake: () => void = () => undefined;
  const note = (): void => {
    seen.lastAt = Date.now();
    seen.changedAt ??= seen.lastAt;
    wake();
  };
  const drop = (directory: string): void => {
    watchers.get(directory)?.watcher.close();
    watchers.delete(directory);
  };
  const add = (directory: string, identity: string): void => {
    try {
      const watcher = watch(directory, note);
      watcher.on("error", note); // it is gone: reading finds out
      watchers.set(directory, { identity, watcher });
      note();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOSPC" || code === "EMFILE") polling = true;
      else note();
    }
  };
  return {
    follow: (directories) => {
      for (const directory of watchers.keys()) if (!directories.has(directory)) drop(directory);
      if (polling) return;
      for (const directory of directories) {
        const identity = identityOf(directory);
        if (watchers.get(directory)?.identity === identity) continue;
        drop(directory); // another directory by the same name
        if (identity !== undefined) add(directory, identity);
      }
    },
    begin: () => {
      seen.changedAt = undefined;
    },
    next: async (signal) => {
      while (seen.changedAt === undefined) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        const stopped = new AbortController();
        const poll = sleep(polling ? POLL_MS : 2 ** 30, undefined, { signal: AbortSignal.any([signal, stopped.signal]) });
        await Promise.race([promise, poll.then(note)]).finally(() => {
          stopped.abort();
        });
      }
      const began = seen.changedAt;
      while (Date.now() - seen.lastAt < QUIET_MS && Date.now() - began < PATIENCE_MS) await sleep(QUIET_MS / 3, undefined, { signal });
      signal.throwIfAborted();
      return began;
    },
    noticing: () => (polling ? "polling" : "events"),
    close: () => {
      for (const directory of [...watchers.keys()]) drop(directory);
    },
  };
}

/** A directory that was deleted and made again has the same name, and the watch is on the former one. */
function identityOf(directory: string): string | undefined {
  try {
    const { dev, ino } = statSync(directory);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
