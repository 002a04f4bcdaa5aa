import type { Engine, EngineContext } from "../engine/engine.ts";
import type { HeldLock } from "../engine/lock.ts";
import type { Clock } from "../kernel/clock.ts";
import { HowdahError } from "../kernel/howdah-error.ts";
import { isLeftAlone } from "../observe/use.ts";
import type { AgentLog } from "./agent-loop.ts";

/** What putting sites to sleep needs. */
export interface IdleParts {
  readonly engine: Pick<Engine, "namespaces" | "use" | "sleep">;
  /** Takes a namespace's lock at once or fails with `machine/busy`. */
  readonly lock: (namespace: string) => Promise<HeldLock>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: AgentLog;
}

/** A look costs two small files a site. */
const PERIOD_MS = 5000;
/** After a refusal (a connection, a program): asking costs podman some 100 ms. */
const AGAIN_MS = 30_000;

/** Puts sites to sleep that nobody has visited for as long as their files say, one after another, until the signal. A failure is said and tried again. */
export async function idleLoop(parts: IdleParts): Promise<void> {
  const notBefore = new Map<string, number>();
  while (!parts.signal.aborted) {
    await round(parts, notBefore).catch((error: unknown) => {
      if (!parts.signal.aborted) parts.log({ level: "warning", msg: "sites could not be looked at", error: words(error) });
    });
    await parts.clock.sleep(PERIOD_MS, parts.signal).catch(() => undefined);
  }
}

async function round({ engine, lock, clock, signal, log }: IdleParts, notBefore: Map<string, number>): Promise<void> {
  for (const namespace of await engine.namespaces()) {
    if (signal.aborted) return;
    if ((notBefore.get(namespace) ?? 0) > clock.now() || !isLeftAlone(await engine.use(namespace), clock.now())) continue;
    notBefore.set(namespace, clock.now() + AGAIN_MS);
    try {
      const held = await lock(namespace);
      try {
        // Again: somebody may have come while a command had the lock.
        if (!isLeftAlone(await engine.use(namespace), clock.now())) continue;
        const context: EngineContext = { signal, emit: () => undefined };
        const reason = await engine.sleep(namespace, { force: false }, context);
        log({
          level: "info",
          msg: reason === undefined ? "put to sleep" : "nobody visits it, but it must not sleep",
          site: namespace,
          reason,
        });
      } finally {
        await held.release();
      }
    } catch (error) {
      if (signal.aborted || (error instanceof HowdahError && error.code === "machine/busy")) continue;
      log({ level: "warning", msg: "could not be put to sleep", site: namespace, error: words(error) });
    }
  }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
