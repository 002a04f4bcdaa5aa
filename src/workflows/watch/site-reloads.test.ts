import { describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { LoadedSite } from "../load-site/load-site.ts";
import type { Ports } from "../ports.ts";
import { releaseRig } from "../testing/release-rig.ts";
import type { UpRequest } from "../up/up.ts";
import type { Live, Watch } from "./go-live.ts";
import { type Served, siteReloads } from "./site-reloads.ts";
import type { WatchEvent } from "./watch-event.ts";

const busy = new HowdahError("machine/busy", "`howdah cron run` (process 7) is working on blog");

interface Reloaded {
  readonly events: readonly WatchEvent[];
  readonly refused: readonly unknown[];
  readonly served: Served;
  /** How often the site file was read as a site. */
  readonly reads: number;
  /** How often the copy was made again what the former pods need. */
  readonly restored: number;
}

/** Looks once at a site file that was saved, while putting it into service ends as told, one after the other; then it succeeds. */
async function reloadOver(failures: readonly Error[], { endsAfter }: { readonly endsAfter?: number } = {}): Promise<Reloaded> {
  const { ports: rig, context } = releaseRig();
  const ended = new AbortController();
  const live = {
    record: { namespace: "blog" },
    first: { written: [], removed: [], bytes: 0 },
    steps: ["update Deployment/web"],
  } as unknown as Live;
  const left = [...failures];
  let reads = 0;
  let restored = 0;
  const hold = async (): Promise<Live> => {
    const failure = left.shift();
    if (failure !== undefined) throw failure;
    return live;
  };
  const sleep = async (_ms: number, signal?: AbortSignal): Promise<void> => {
    if (reads === endsAfter) ended.abort();
    signal?.throwIfAborted();
  };
  const ports = { ...rig, clock: { ...rig.clock, sleep }, locks: { hold }, files: { read: async () => "saved" } } as unknown as Ports;
  const events: WatchEvent[] = [];
  const refused: unknown[] = [];
  const loaded = (text: string): LoadedSite => ({ text, file: "/blog/howdah.yaml" }) as LoadedSite;
  const reloads = siteReloads(
    { live, loaded: loaded("former"), request: {} as UpRequest },
    {
      watch: { session: "s1", ports, context: { ...context, signal: ended.signal } } as Watch,
      requestAgain: async () => {
        reads++;
        return [loaded("saved"), {} as UpRequest];
      },
      report: (event) => events.push(event),
      refuse: (error) => refused.push(error),
      restore: async () => void restored++,
    },
  );
  reloads.look(1000);
  await reloads.ended();
  return { events, refused, served: reloads.served(), reads, restored };
}

describe("a saved site file", () => {
  it("is put into service", async () => {
    const { events, served } = await reloadOver([]);
    expect(events).toMatchObject([{ event: "reloaded", steps: ["update Deployment/web"] }]);
    expect(served.loaded.text).toBe("saved");
  });

  it("is tried once when it is wrong", async () => {
    const wrong = new HowdahError("site/invalid", "There is a mistake in it");
    const { events, refused, served, reads } = await reloadOver([wrong]);
    expect({ events, refused, reads, text: served.loaded.text }).toEqual({ events: [], refused: [wrong], reads: 1, text: "former" });
  });

  it("that fails leaves the copy as the pods need it that go on", async () => {
    expect((await reloadOver([new HowdahError("site/unhealthy", "It answers 500")])).restored).toBe(1);
    expect((await reloadOver([])).restored).toBe(0);
  });

  it("waits for another command that works on the site", async () => {
    const { events, refused, served } = await reloadOver([busy, busy, busy]);
    expect(events).toMatchObject([{ event: "reloaded" }]);
    expect(refused).toContain(busy);
    expect(served.loaded.text).toBe("saved");
  });

  it("waits no longer than the watch lasts", async () => {
    const { events, reads } = await reloadOver([busy, busy, busy], { endsAfter: 2 });
    expect({ events, reads }).toEqual({ events: [], reads: 2 });
  });
});
