import { randomBytes } from "node:crypto";
import { dirname, resolve } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { type LoadedSite, loadSite } from "../load-site/load-site.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { recoverRollout } from "../rollout/recover-rollout.ts";
import { requireRoot } from "../up/check-machine.ts";
import { requireRunning, withTlsOf } from "../up/require-running.ts";
import { placeSite } from "../tenant/place-site.ts";
import { stages } from "../up/stages.ts";
import type { UpRequest } from "../up/up.ts";
import { checkWatchable } from "./check-watchable.ts";
import { goLive, type Live, type Watch } from "./go-live.ts";
import { leaveWatch } from "./leave-watch.ts";
import type { WatchEvent } from "./watch-event.ts";
import { watchLoop } from "./watch-loop.ts";
import { forgetWatch, liveDirectory, watchOf } from "./watch-record.ts";

/** `howdah deploy --watch` as typed. */
export interface WatchCommand {
  readonly given: string;
  readonly directory: string;
  /** Also when the way in is open to others than this machine. */
  readonly allowPublic: boolean;
}

/**
 * Shows a site's files as they are saved, until the signal aborts: its pods get a copy of the tree in the place of their images' code, each
 * saved file is brought into the copy by one rename, and in the end the release that served before serves again. Nothing is recorded but that
 * the site is watched: killed, its pods go on, `status` says so, and the next `deploy` or `up` puts a release in their place.
 *
 * ```
 *   release serves ─ start copy's pods beside, ask, switch ─▶ watching ─▶ sync ⟲   (site file saved: the pods roll, watching goes on)
 *        ▲                                                       │
 *        ├──────────── Ctrl-C: the release's pods beside, ask, switch
 *        └──────────── killed: the next deploy, up, rollback
 * ```
 *
 * Errors: `site/not-watchable`, `site/unknown`, `machine/busy`, those of a deploy.
 */
export async function watchSite(
  command: WatchCommand,
  ports: Ports,
  context: EngineContext,
  report: (event: WatchEvent) => void,
): Promise<void> {
  await requireRoot(ports);
  const running = await requireRunning(command.given, command.directory, ports);
  const { namespace } = running;
  const load = async (): Promise<LoadedSite> => {
    const { site, ...rest } = await loadSite(running.file, command.directory, ports.files);
    return { ...rest, site: await placeSite(site, { tenant: running.site.tenant?.name }, ports) };
  };
  const loaded = await load();
  checkWatchable(loaded.site, command, ports.settings);
  await refuseSecond(namespace, ports);
  context.emit({
    type: "notice",
    level: "warning",
    message: `Watching is for development: visitors of ${running.url} meet every saved file at once, half-done work included`,
  });
  const session = randomBytes(6).toString("hex");
  const request = await requestOf(loaded, running, ports);
  const [watch, live] = await ports.locks.hold(namespace, "deploy --watch", () => start(request, session, ports, context));
  try {
    report({
      ...{ event: "watching", site: namespace, url: live.url, source: request.source, release: live.record.release },
      ...{ files: live.first.files, noticing: watch.copy.noticing() },
    });
    const requestAgain = async (): Promise<readonly [LoadedSite, UpRequest]> => {
      const again = await load();
      checkWatchable(again.site, command, ports.settings);
      if (again.site.name !== namespace)
        throw new HowdahError("site/not-watchable", `The site is ${namespace}, and its file now says ${again.site.name}`, {
          hint: "Another name is another site: end the watch, then `howdah up`.",
        });
      return [again, await requestOf(again, running, ports)];
    };
    await watchLoop({ watch, live, loaded, request, requestAgain, report });
  } finally {
    watch.copy.close();
    const started = ports.clock.now();
    const release = await leaveWatch(namespace, session, ports, context);
    report({ event: "ended", by: context.signal.aborted ? "person" : "command", release, milliseconds: ports.clock.now() - started });
  }
}

/** What fails here leaves nothing behind. */
async function start(request: UpRequest, session: string, ports: Ports, context: EngineContext): Promise<readonly [Watch, Live]> {
  const namespace = request.site.name;
  await recoverRollout(namespace, ports, context);
  const { down } = await ports.engine.inventory(namespace);
  if (down === true) throw new HowdahError("site/down", `${namespace} was stopped`, { hint: `\`howdah up ${namespace}\` starts it.` });
  const directory = liveDirectory(namespace, session, ports);
  const copy = await ports.images.openLive({ directory, also: [dirname(request.file)] });
  const watch: Watch = { session, copy, ports, context, stage: stages(context.emit, ports, context.signal, []) };
  try {
    return [watch, await goLive(request, watch, undefined)];
  } catch (error) {
    copy.close();
    await forgetWatch(namespace, ports);
    throw error;
  }
}

async function requestOf(loaded: LoadedSite, running: SiteRecord, ports: Ports): Promise<UpRequest> {
  return {
    ...{ site: withTlsOf(running, loaded.site), lockFile: loaded.lockFile, adopt: false, command: "deploy", why: null },
    source: await ports.files.realpath(resolve(loaded.source)),
    file: await ports.files.realpath(loaded.file),
  };
}

/** Two processes that write to one site's pods would undo each other's work. What a killed one left is taken over. */
async function refuseSecond(namespace: string, ports: Ports): Promise<void> {
  const other = await watchOf(namespace, ports);
  if (other === undefined) return ports.locks.hold(namespace, "deploy --watch", () => forgetWatch(namespace, ports));
  if (!(await ports.machine.isProcessAlive(other.process))) return undefined;
  throw new HowdahError("machine/busy", `Process ${other.process.split(" ")[0] ?? ""} watches ${namespace} already`, {
    hint: "End it with Ctrl-C where it runs.",
  });
}
