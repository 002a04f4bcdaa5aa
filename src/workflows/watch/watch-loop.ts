import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Synced } from "../../providers/live-copy.ts";
import type { EngineContext } from "../ports.ts";
import { checkSyntax } from "./check-syntax.ts";
import type { Watch } from "./go-live.ts";
import { judgeSync } from "./judge-sync.ts";
import { isTaken, type Reloading, type Served, siteReloads } from "./site-reloads.ts";
import type { WatchEvent } from "./watch-event.ts";

/** What the loop begins with. */
export type Watching = Served & Pick<Reloading, "watch" | "requestAgain" | "report">;

/** Between two looks whether another command has put a release into the place of the watched pods. */
const LOOK_MS = 1000;

/** Syncs and reloads until a person or another command ends the watch; what can't be taken is said, and what served goes on. */
export async function watchLoop({ watch, requestAgain, report, ...first }: Watching): Promise<void> {
  const taken = new AbortController();
  const signal = AbortSignal.any([watch.context.signal, taken.signal]);
  const context: EngineContext = { ...watch.context, signal };
  const within: Watch = { ...watch, context };
  const looking = lookForOthers(first.live.record.namespace, within, taken);
  const refuse = refusals(report);
  const checks = syntaxChecks(within, report);
  const tell = notes(first, report);
  const bring = (began: number): Promise<void> =>
    bringIn(began, { watch: within, served: reloads.served, report, tell, check: checks.begin }).catch(async (error: unknown) => {
      if (signal.aborted) return;
      refuse(error);
      await watch.ports.clock.sleep(LOOK_MS, signal).catch(() => undefined);
    });
  const restore = (): Promise<void> => bring(watch.ports.clock.now());
  const reloads = siteReloads(first, { watch: within, requestAgain, report, refuse, restore });
  try {
    for (;;) {
      const began = await watch.copy.changed(signal);
      reloads.look(began);
      await bring(began);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    taken.abort();
    await Promise.all([looking, reloads.ended()]);
    await checks.ended();
  }
}

interface BringIn {
  readonly watch: Watch;
  readonly served: () => Served;
  readonly report: (event: WatchEvent) => void;
  readonly tell: (synced: Synced, served: Served) => void;
  readonly check: (paths: readonly string[], served: Served) => void;
}

/** Makes saved files live; where they name dependencies, also what the build hooks make of them. */
async function bringIn(began: number, given: BringIn): Promise<void> {
  const { watch, served, report, tell, check } = given;
  const { copy, ports, context } = watch;
  const now = served();
  const synced = await copy.sync(now.live.image, context.signal);
  const { written, removed, bytes, dependencies } = synced;
  if (written.length + removed.length > 0) {
    report({ event: "synced", written, removed, bytes, milliseconds: ports.clock.now() - began });
    check(written, now);
  }
  tell(synced, now);
  if (dependencies.length === 0) return;
  report({ event: "note", message: `${dependencies.join(", ")} changed: the build hooks run again.` });
  await copy.build(now.live.image, now.live.bases.lock, context.emit, context.signal);
  await bringIn(ports.clock.now(), given);
}

/** Says each note once; those of the beginning at once, when nothing has been saved yet. */
function notes({ live, loaded, request }: Served, report: (event: WatchEvent) => void): BringIn["tell"] {
  const told = new Set<string>();
  const say = (message: string): void => {
    if (told.has(message)) return;
    told.add(message);
    report({ event: "note", message });
  };
  const tell: BringIn["tell"] = (synced, served) => {
    for (const message of judgeSync(synced, { site: served.request.site, watched: live.first.watched })) say(message);
  };
  if (live.migrates) say(`A migration is pending: it does not run while watching. \`howdah deploy ${request.site.name}\` runs it.`);
  tell({ ...live.first, written: [], removed: [] }, { live, loaded, request });
  return tell;
}

/** Says why something was not taken, and the same only once in a row. */
function refusals(report: (event: WatchEvent) => void): (error: unknown) => void {
  let last = "";
  return (error) => {
    const { code, message, output, diagnostics, hint } = namedFailure(error);
    // A site file is tried once for each text: another mistake in it may have the same words.
    if (message === last && code !== "site/invalid") return;
    last = message;
    const findings = diagnostics.filter(({ severity }) => severity === "error").map((one) => one.message);
    report({ event: "refused", code, message, output: [...findings, ...output], hint });
  };
}

function namedFailure(error: unknown): HowdahError {
  return error instanceof HowdahError
    ? error
    : new HowdahError("bug", error instanceof Error ? error.message : String(error), { cause: error });
}

/** Asks PHP about saved scripts, one lot after the other, beside everything else. */
function syntaxChecks(
  { ports, context }: Watch,
  report: (event: WatchEvent) => void,
): { readonly begin: BringIn["check"]; readonly ended: () => Promise<void> } {
  let checking: Promise<void> = Promise.resolve();
  const begin: BringIn["check"] = (paths, { request }) => {
    checking = checking.then(async () => {
      // A courtesy: a pod that is being replaced can't answer.
      const found = await checkSyntax(request.site, paths, ports, context).catch(() => []);
      for (const one of found) report({ event: "syntax", ...one });
    });
  };
  return { begin, ended: () => checking };
}

async function lookForOthers(namespace: string, { session, ports, context }: Watch, taken: AbortController): Promise<void> {
  const { signal } = context;
  while (!signal.aborted) {
    await ports.clock.sleep(LOOK_MS, signal).catch(() => undefined);
    if (!signal.aborted && (await isTaken(namespace, session, ports).catch(() => false))) taken.abort();
  }
}
