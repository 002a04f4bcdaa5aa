import { HowdahError } from "../../kernel/howdah-error.ts";
import type { LoadedSite } from "../load-site/load-site.ts";
import type { Ports } from "../ports.ts";
import type { UpRequest } from "../up/up.ts";
import { goLive, type Live, type Watch } from "./go-live.ts";
import type { WatchEvent } from "./watch-event.ts";
import { watchOf } from "./watch-record.ts";

/** What runs now: the pods, and the site file that they were made from. */
export interface Served {
  readonly live: Live;
  readonly loaded: LoadedSite;
  readonly request: UpRequest;
}

/** What taking a saved site file needs from around it. */
export interface Reloading {
  readonly watch: Watch;
  /** Reads the site file again. Errors: what is wrong with it. */
  readonly requestAgain: () => Promise<readonly [LoadedSite, UpRequest]>;
  readonly report: (event: WatchEvent) => void;
  readonly refuse: (error: unknown) => void;
  /** Makes the copy again what the pods need that go on, after a site file that they were not made from has changed it. */
  readonly restore: () => Promise<void>;
}

/** Takes saved site files into service beside everything else: pods take seconds to roll, and saved files go on to be live meanwhile. */
export interface SiteReloads {
  readonly served: () => Served;
  /** The site file may have changed since; `began` is when that was seen (milliseconds since 1970). */
  readonly look: (began: number) => void;
  readonly ended: () => Promise<void>;
}

/** Between two tries to take a site file while another command works on the site. */
const BUSY_MS = 500;

/**
 * Begins with what runs. The same text is not tried twice, unless another command worked on the site; a mistake that is taken back is none.
 */
export function siteReloads(first: Served, { watch, requestAgain, report, refuse, restore }: Reloading): SiteReloads {
  const { ports, context } = watch;
  const { namespace } = first.live.record;
  let served = first;
  let tried: string | undefined = first.loaded.text;
  let reloading: Promise<void> | undefined;
  const reload = async (began: number): Promise<void> => {
    const text = await ports.files.read(served.loaded.file).catch(() => undefined);
    if (text === undefined || text === tried) return;
    tried = text;
    if (text === served.loaded.text) return;
    const [loaded, request] = await requestAgain();
    const live = await ports.locks.hold(namespace, "deploy --watch", async () =>
      (await isTaken(namespace, watch.session, ports)) ? undefined : goLive(request, watch, served.live),
    );
    if (live === undefined) return;
    served = { live, loaded, request };
    const { written, removed, bytes } = live.first; // saved while the pods were prepared
    const milliseconds = ports.clock.now() - began;
    if (written.length + removed.length > 0) report({ event: "synced", written, removed, bytes, milliseconds });
    report({ event: "reloaded", steps: live.steps, milliseconds });
    await reload(ports.clock.now()); // saved again meanwhile
  };
  const reloadAll = async (seen: number): Promise<void> => {
    for (let began = seen; !context.signal.aborted; began = ports.clock.now()) {
      try {
        return await reload(began);
      } catch (error) {
        if (context.signal.aborted) return;
        refuse(error); // and once more: it may have been mended meanwhile
        if (error instanceof HowdahError && error.code === "machine/busy") {
          tried = undefined;
          await ports.clock.sleep(BUSY_MS, context.signal).catch(() => undefined);
        } else await restore();
      }
    }
  };
  return {
    served: () => served,
    look: (began) => {
      reloading ??= reloadAll(began).finally(() => {
        reloading = undefined;
      });
    },
    ended: async () => {
      await reloading;
    },
  };
}

/** True when another command has put something else into the place of a watch's pods. */
export async function isTaken(namespace: string, session: string, ports: Ports): Promise<boolean> {
  return (await watchOf(namespace, ports))?.session !== session;
}
