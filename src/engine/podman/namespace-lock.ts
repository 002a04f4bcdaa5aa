import { createHash } from "node:crypto";
import { access, mkdir, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import type { Clock } from "../../kernel/clock.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { HeldLock, Lock } from "../lock.ts";
import { writeAtomically } from "../../host/write-atomically.ts";

const RETRY_MS = 100;
/** The agent holds a lock only for one pass: a command waits for it instead of failing. */
const AGENT_WAIT_MS = 60_000;
/** A holder writes who it is right after it holds: until then, or when it lets go just now, ask again. */
const UNKNOWN_WAIT_MS = 2000;
/** What the agent calls itself in the lock's information. */
export const AGENT_COMMAND = "howdah agent";

/**
 * Locks namespaces of one machine by names in the kernel's abstract socket space: the kernel lets go of a name when its process ends,
 * whatever ended it, so no lock is ever stale. A file beside says who holds it; it is only information.
 */
export function namespaceLock(stateDir: string, runDir: string, clock: Clock): Lock {
  const scope = createHash("sha256").update(stateDir).digest("hex").slice(0, 16);
  const directory = join(runDir, "locks");
  return async (namespace, command, options = {}) => {
    const info = join(directory, `${namespace}.json`);
    const started = clock.now();
    for (;;) {
      const server = await bind(`\0howdah/${scope}/${namespace}`);
      if (server !== undefined) return held(server, directory, info, command);
      const holder = await readHolder(info);
      if (clock.now() - started >= Math.max(options.waitMs ?? 0, patienceWith(holder, command))) throw busy(holder, namespace);
      await clock.sleep(RETRY_MS, options.signal);
    }
  };
}

async function held(server: Server, directory: string, info: string, command: string): Promise<HeldLock> {
  await mkdir(directory, { recursive: true, mode: 0o711 });
  await writeAtomically(info, JSON.stringify({ pid: process.pid, command }), { mode: 0o644 });
  return {
    release: async () => {
      await rm(info, { force: true });
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

/** The listening socket, or nothing when another process has the name. */
function bind(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen({ path: name, exclusive: true }, () => {
      server.unref(); // a lock must not keep its process alive
      resolve(server);
    });
  });
}

interface Holder {
  readonly pid: number;
  readonly command: string;
}

function patienceWith(holder: Holder | undefined, command: string): number {
  if (holder === undefined) return UNKNOWN_WAIT_MS;
  return holder.command === AGENT_COMMAND && command !== AGENT_COMMAND ? AGENT_WAIT_MS : 0;
}

function busy(holder: Holder | undefined, namespace: string): HowdahError {
  const who = holder === undefined ? "Another command" : `\`${holder.command}\` (process ${holder.pid})`;
  return new HowdahError("machine/busy", `${who} is working on ${namespace}`);
}

/** Who holds the lock; nothing when the file is missing, half-written, or names a process that ended. */
async function readHolder(info: string): Promise<Holder | undefined> {
  try {
    const holder = JSON.parse(await readFile(info, "utf8")) as Holder;
    await access(`/proc/${holder.pid}`);
    return holder;
  } catch {
    return undefined;
  }
}
