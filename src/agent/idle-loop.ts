import type { Engine, EngineContext } from "../engine/engine.ts";
import type { HeldLock } from "../engine/lock.ts";
import type { Clock } from "../kernel/clock.ts";
import { HowdahError } from "../kernel/howdah-error.ts";
import { isLeftAlone } from "../observe/use.ts";
import type { StructuredLog } from "../kernel/structured-log.ts";

/** What putting sites to sleep needs. */
export interface IdleParts {
  readonly engine: Pick<Engine, "namespaces" | "use" | "sleep">;
  /** Takes a namespace's lock at once or fails with `machine/busy`. */
  readonly lock: (namespace: string) => Promise<HeldLock>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: StructuredLog;
}

/** A look costs two small files a site. */
const PERIOD_MS = 5000;
/** After a refusal (a connection, a program), then twice as long each time, up to ten minutes: asking changes the edge and back. */
const AGAIN_MS = 30_000;
const MOST_MS = 600_000;

interface Refused {
  readonly times: number;
  readonly notBefore: number;
}

/** Puts sites to sleep that nobody has visited for as long as their files say, one after another, until the signal. A failure is said and tried again. */
export async function idleLoop(parts: IdleParts): Promise<void> {
  const refused = new Map<string, Refused>();
  while (!parts.signal.aborted) {
    await round(parts, refused).catch((error: unknown) => {
      if (!parts.signal.aborted) parts.log({ level: "warning", msg: "sites could not be looked at", error: words(error) });
    });
    await parts.clock.sleep(PERIOD_MS, parts.signal).catch(() => undefined);
  }
}

async function round({ engine, lock, clock, signal, log }: IdleParts, refused: Map<string, Refused>): Promise<void> {
  for (const namespace of await engine.namespaces()) {
    if (signal.aborted) return;
    const former = refused.get(namespace) ?? { times: 0, notBefore: 0 };
    if (former.notBefore > clock.now() || !isLeftAlone(await engine.use(namespace), clock.now())) continue;
    refused.set(namespace, { times: former.times + 1, notBefore: clock.now() + Math.min(MOST_MS, AGAIN_MS * 2 ** former.times) });
    try {
      const held = await lock(namespace);
      try {
        // Again: somebody may have come while a command had the lock.
        if (!isLeftAlone(await engine.use(namespace), clock.now())) continue;
        const context: EngineContext = { signal, emit: () => undefined };
        const reason = await engine.sleep(namespace, { force: false }, context);
        if (reason === undefined) refused.delete(namespace);
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
