import { describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { LiveCopy, Synced } from "../../providers/live-copy.ts";
import type { Site } from "../../site/site.ts";
import type { LoadedSite } from "../load-site/load-site.ts";
import type { Ports } from "../ports.ts";
import { releaseOf } from "../release/release-store.ts";
import { releaseRig } from "../testing/release-rig.ts";
import type { UpRequest } from "../up/up.ts";
import type { Live } from "./go-live.ts";
import type { WatchEvent } from "./watch-event.ts";
import { watchLoop } from "./watch-loop.ts";
import type { WatchRecord } from "./watch-record.ts";

const nothing: Synced = { written: [], removed: [], onVolumes: [], dependencies: [], files: 1, bytes: 0, watched: {}, skippedLinks: [] };

/** What a sync does in its turn, or the failure that it ends with. */
type Turn = Partial<Synced> | Error;

interface Watched {
  readonly events: readonly WatchEvent[];
  readonly builds: number;
}

/** Runs the loop over some changes; it ends when they are over: by a person, or because another command took the pods. */
async function loopOver(
  turns: readonly Turn[],
  { site: change = {}, takenBy }: { readonly site?: Partial<Site>; readonly takenBy?: "command" } = {},
): Promise<Watched> {
  const rig = releaseRig();
  await rig.deploy("one");
  const { site, input } = await releaseOf("blog", "r1", rig.ports);
  const applied = [...(await rig.engine.inventory("blog")).objects].find(([key]) => key === "Deployment/web")?.[1] ?? "";
  const record: WatchRecord = {
    ...{ namespace: "blog", session: "s1", source: "/blog", process: "1 1", since: "", release: "r1" },
    deployments: [applied],
  };
  await rig.ports.watches.put("blog", record);
  const person = new AbortController();
  const left = [...turns];
  const events: WatchEvent[] = [];
  let builds = 0;
  const never = (signal: AbortSignal): Promise<never> =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
    });
  const copy: LiveCopy = {
    directories: { php: "/live/php", web: "/live/web" },
    build: async () => void builds++,
    sync: async () => {
      const turn = left.shift() ?? {};
      if (turn instanceof Error) throw turn;
      return { ...nothing, ...turn };
    },
    changed: async (signal) => {
      if (left.length > 0) return 1000;
      if (takenBy === undefined) person.abort();
      else await rig.ports.watches.remove("blog");
      signal.throwIfAborted();
      return never(signal);
    },
    noticing: () => "events",
    close: () => undefined,
  };
  const ports = {
    ...rig.ports,
    clock: { now: () => 1031, sleep: () => new Promise((resolve) => setTimeout(resolve, 1)) },
    files: { read: () => Promise.resolve("the site file") },
  } as unknown as Ports;
  const shown: Site = { ...site, ...change };
  const live = {
    record,
    first: nothing,
    migrates: false,
    image: {},
    bases: { lock: {} },
    desired: [],
    steps: [],
    url: input.url,
  } as unknown as Live;
  await watchLoop({
    watch: { session: "s1", copy, ports, context: { ...rig.context, signal: person.signal }, stage: (_id, _title, work) => work() },
    live,
    loaded: { text: "the site file", file: "/blog/howdah.yaml" } as LoadedSite,
    request: { site: shown } as UpRequest,
    requestAgain: () => Promise.reject(new Error("nobody changed it")),
    report: (event) => events.push(event),
  });
  return { events, builds };
}

describe("the loop of a watch", () => {
  it("tells of each sync that changed something, with its time from the first sign", async () => {
    const { events } = await loopOver([{}, { written: ["a.css"], bytes: 3 }, { removed: ["b.css"] }]);
    expect(events).toEqual([
      { event: "synced", written: ["a.css"], removed: [], bytes: 3, milliseconds: 31 },
      { event: "synced", written: [], removed: ["b.css"], bytes: 0, milliseconds: 31 },
    ]);
  });

  it("says why something is not taken once, and goes on", async () => {
    const full = new HowdahError("machine/disk-full", "No space left");
    const { events } = await loopOver([full, full, { written: ["a.css"] }]);
    expect(events.map((one) => one.event)).toEqual(["refused", "synced"]);
    expect(events[0]).toMatchObject({ code: "machine/disk-full", message: "No space left" });
  });

  it("names what is no failure of a person's a bug", async () => {
    const { events } = await loopOver([new TypeError("x is undefined")]);
    expect(events).toMatchObject([{ event: "refused", code: "bug" }]);
  });

  it("runs the build hooks again when dependencies changed, and takes what they made", async () => {
    const { events, builds } = await loopOver([
      { written: ["composer.lock"], dependencies: ["composer.lock"] },
      { written: ["vendor/a.php"] },
    ]);
    expect(builds).toBe(1);
    expect(events.map((one) => (one.event === "synced" ? one.written[0] : one.event))).toEqual(["composer.lock", "note", "vendor/a.php"]);
  });

  it("says each note once", async () => {
    const mount = { path: "uploads", storage: "shared", size: "1Gi", seed: false, served: true, volume: "uploads" } as const;
    const { events } = await loopOver([{ onVolumes: ["uploads/a"] }, { onVolumes: ["uploads/b"] }], { site: { mounts: [mount] } });
    expect(events).toMatchObject([{ event: "note" }]);
  });

  it("ends when another command has put a release there", async () => {
    const { events } = await loopOver([{ written: ["a.css"] }], { takenBy: "command" });
    expect(events).toHaveLength(1);
  });
});
