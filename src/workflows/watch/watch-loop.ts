import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Synced } from "../../providers/live-copy.ts";
import type { LoadedSite } from "../load-site/load-site.ts";
import type { EngineContext } from "../ports.ts";
import type { UpRequest } from "../up/up.ts";
import { checkSyntax } from "./check-syntax.ts";
import { goLive, type Live, type Watch } from "./go-live.ts";
import { judgeSync } from "./judge-sync.ts";
import type { WatchEvent } from "./watch-event.ts";
import { watchOf } from "./watch-record.ts";

/** What the loop begins with. */
export interface Watching {
  readonly watch: Watch;
  readonly live: Live;
  readonly loaded: LoadedSite;
  readonly request: UpRequest;
  /** Reads the site file again. Errors: what is wrong with it. */
  readonly requestAgain: () => Promise<readonly [LoadedSite, UpRequest]>;
  readonly report: (event: WatchEvent) => void;
}

/** Between two looks whether another command has put a release into the place of the watched pods. */
const LOOK_MS = 1000;

/** Syncs and reloads until a person or another command ends the watch; what can't be taken is said, and what served goes on. */
export async function watchLoop(given: Watching): Promise<void> {
  const { watch, report } = given;
  const { ports, copy } = watch;
  const { namespace } = given.live.record;
  const taken = new AbortController();
  const signal = AbortSignal.any([watch.context.signal, taken.signal]);
  const looking = lookFor(namespace, watch, taken, signal);
  const context: EngineContext = { ...watch.context, signal };
  let { live, loaded, request } = given;
  let text = loaded.text;
  const told = new Set<string>(judgeSync(live.first, factsOf(live, request)));
  for (const message of [...told, ...(live.migrates ? [migrationWords(namespace)] : [])]) report({ event: "note", message });
  const tell = (synced: Synced): void => {
    for (const message of judgeSync(synced, factsOf(live, request)).filter((one) => !told.has(one))) {
      told.add(message);
      report({ event: "note", message });
    }
  };
  let refusal = "";
  const refuse = (error: unknown): void => {
    const failure = namedFailure(error);
    if (failure.message === refusal) return;
    refusal = failure.message;
    const { code, message, output, diagnostics, hint } = failure;
    const findings = diagnostics.filter(({ severity }) => severity === "error").map((one) => one.message);
    report({ event: "refused", code, message, output: [...findings, ...output], hint });
  };
  const sync = async (began: number): Promise<void> => {
    const synced = await copy.sync(live.image, signal);
    const { written, removed, bytes } = synced;
    if (written.length + removed.length > 0) {
      report({ event: "synced", written, removed, bytes, milliseconds: ports.clock.now() - began });
      checkLater(written);
    }
    tell(synced);
    if (synced.dependencies.length === 0) return;
    report({ event: "note", message: `${synced.dependencies.join(", ")} changed: the build hooks run again.` });
    await copy.build(live.image, live.bases.lock, context.emit, signal);
    await sync(ports.clock.now());
  };
  let checking: Promise<void> = Promise.resolve();
  const checkLater = (paths: readonly string[]): void => {
    checking = checking
      .then(async () => {
        for (const found of await checkSyntax(request.site, paths, ports, context)) report({ event: "syntax", ...found });
      }, ignore)
      .catch(ignore);
  };
  const reload = async (began: number): Promise<void> => {
    const now = await ports.files.read(loaded.file).catch(ignore);
    if (now === undefined || now === text) return;
    text = now;
    if (now === loaded.text) return; // a mistake was taken back
    const [again, wanted] = await given.requestAgain();
    const next = await ports.locks.hold(namespace, "deploy --watch", async () => {
      if (await isTaken(namespace, watch)) return undefined;
      return goLive(wanted, { ...watch, context }, live);
    });
    if (next === undefined) return;
    [live, loaded, request] = [next, again, wanted];
    reportFirst(live, began);
    refusal = "";
    report({ event: "reloaded", steps: live.steps, milliseconds: ports.clock.now() - began });
    await reload(ports.clock.now()); // saved again meanwhile
  };
  /** Saved while the pods were prepared. */
  const reportFirst = ({ first: { written, removed, bytes } }: Live, began: number): void => {
    if (written.length + removed.length > 0) report({ event: "synced", written, removed, bytes, milliseconds: ports.clock.now() - began });
  };
  // Pods take seconds to roll: meanwhile saved files go on to be live.
  let reloading: Promise<void> | undefined;
  const reloadBeside = (began: number): void => {
    reloading ??= reloadAll(began).finally(() => {
      reloading = undefined;
    });
  };
  const reloadAll = (began: number): Promise<void> =>
    reload(began).catch((error: unknown) => {
      if (signal.aborted) return undefined;
      refuse(error);
      return reloadAll(ports.clock.now()); // mended meanwhile; the same text is not tried twice
    });
  try {
    for (;;) {
      const began = await copy.changed(signal);
      try {
        reloadBeside(began);
        await sync(began);
      } catch (error) {
        if (signal.aborted) break;
        refuse(error);
        await ports.clock.sleep(LOOK_MS, signal);
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    taken.abort();
    await Promise.all([looking, checking, reloading]);
  }
}

const factsOf = (live: Live, request: UpRequest): Parameters<typeof judgeSync>[1] => ({
  site: request.site,
  watched: live.first.watched,
});

function migrationWords(name: string): string {
  return `A migration is pending: it does not run while watching. \`howdah deploy ${name}\` runs it.`;
}

async function isTaken(namespace: string, { session, ports }: Watch): Promise<boolean> {
  return (await watchOf(namespace, ports))?.session !== session;
}

async function lookFor(namespace: string, watch: Watch, taken: AbortController, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await watch.ports.clock.sleep(LOOK_MS, signal).catch(ignore);
    if (!signal.aborted && (await isTaken(namespace, watch))) taken.abort();
  }
}

/** The syntax check is a courtesy: a pod that is being replaced can't answer. */
const ignore = (): void => undefined;

function namedFailure(error: unknown): HowdahError {
  return error instanceof HowdahError
    ? error
    : new HowdahError("bug", error instanceof Error ? error.message : String(error), { cause: error });
}
