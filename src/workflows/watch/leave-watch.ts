import { HowdahError } from "../../kernel/howdah-error.ts";
import { renderSite } from "../../render/site/render-site.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { releaseOf } from "../release/release-store.ts";
import { checkHealth } from "../up/check-health.ts";
import { putBack } from "./go-live.ts";
import { forgetWatch, watchOf } from "./watch-record.ts";

/** How long another command may work on the site before leaving gives up: that command ends the watch itself, unless it does something else. */
const PATIENCE_MS = 120_000;

/**
 * Ends a watch: the release that served before serves again, new pods beside old ones, and no request is lost. Answers its id, or null when
 * another command has put something else there meanwhile. Not cut short by Ctrl-C. Errors: `machine/busy`, those of starting the release;
 * the watched pods then go on, and the next `deploy` or `up` ends them.
 */
export async function leaveWatch(namespace: string, session: string, ports: Ports, { emit }: EngineContext): Promise<string | null> {
  const context: EngineContext = { emit, signal: new AbortController().signal };
  const until = ports.clock.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await ports.locks.hold(namespace, "deploy --watch", () => leave(namespace, session, ports, context));
    } catch (error) {
      const busy = error instanceof HowdahError && error.code === "machine/busy";
      if (!busy || ports.clock.now() > until) throw error;
      await ports.clock.sleep(500);
    }
  }
}

async function leave(namespace: string, session: string, ports: Ports, context: EngineContext): Promise<string | null> {
  const watched = await watchOf(namespace, ports);
  if (watched?.session !== session) {
    await forgetWatch(namespace, ports);
    return null;
  }
  const release = await releaseOf(namespace, watched.release, ports);
  await putBack(namespace, renderSite(release.site, release.input), ports, context);
  await forgetWatch(namespace, ports);
  const { down } = await ports.engine.inventory(namespace);
  if (down !== true) await checkHealth(release.site, ports, context); // one that was stopped meanwhile answers nobody
  return release.id;
}
