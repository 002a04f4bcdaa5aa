import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emptyStore } from "../support/empty-store.ts";
import { debianApp } from "../../test/support/debian-app.ts";
import { howdahMachine } from "../../test/support/howdah-machine.ts";

/** One `up`, by stage. */
export interface UpTime {
  readonly site: string;
  /** `nothing`: no image, no package, no index. `cache`: images are there, the site is not. `again`: everything is there. */
  readonly from: "nothing" | "cache" | "again";
  readonly stages: Readonly<Record<string, number>>;
  /** Seconds of each image, by its title; they are made side by side. */
  readonly images: Readonly<Record<string, number>>;
  readonly seconds: number;
}

const WORD = "bench-up";
const PORT = 18_484;

const PAGE = `<!doctype html><title>Static</title><p>${"Some words. ".repeat(200)}</p>`;

/**
 * Times of `up` with a store of containers and a cache of their own, both empty at first: what else the machine has built
 * neither helps nor is touched. Download times are those of this machine's mirror.
 */
export async function upTimes(): Promise<readonly UpTime[]> {
  const base = await mkdtemp(join(tmpdir(), "howdah-up-times-"));
  const times: UpTime[] = [];
  for (const site of ["static", "wordpress"] as const) {
    const store = await emptyStore(join(base, site));
    const code = await codeOf(site, base);
    try {
      await onNewMachine(join(base, site), async (up) => {
        times.push(await up(site, code, "nothing"), await up(site, code, "again"));
      });
      await onNewMachine(join(base, site), async (up) => {
        times.push(await up(site, code, "cache"));
      });
    } finally {
      await store.remove();
    }
  }
  await rm(base, { recursive: true, force: true });
  return times;
}

type TimedUp = (site: string, code: string, from: UpTime["from"]) => Promise<UpTime>;

/** A machine without a site, on the store and cache of `directory`. */
async function onNewMachine(directory: string, work: (up: TimedUp) => Promise<void>): Promise<void> {
  const machine = await howdahMachine(WORD, PORT);
  const storage = process.env["CONTAINERS_STORAGE_CONF"] ?? "";
  Object.assign(machine.environment, { HOWDAH_CACHE_DIR: join(directory, "cache"), CONTAINERS_STORAGE_CONF: storage });
  try {
    await work(async (site, code, from) => {
      const started = performance.now();
      const said = await machine.ok("up", code, "--output", "json");
      const seconds = (performance.now() - started) / 1000;
      const { timings } = JSON.parse(said.stdout) as { timings: { stage: string; milliseconds: number }[] };
      const stages = Object.fromEntries(timings.map(({ stage, milliseconds }) => [stage, milliseconds / 1000]));
      return { site, from, stages, images: imageTimes(said.stderr), seconds };
    });
  } finally {
    await machine.remove();
  }
}

/** What the events on stderr say about images. */
function imageTimes(stderr: string): Record<string, number> {
  const started = new Map<string, { readonly title: string; readonly time: number }>();
  const times: Record<string, number> = {};
  for (const line of stderr.split("\n").filter((text) => text.startsWith("{"))) {
    const event = JSON.parse(line) as { readonly time: string; readonly type: string; readonly id?: string; readonly title?: string };
    if (event.id?.startsWith("image/") !== true) continue;
    const begun = started.get(event.id);
    if (event.type === "task-started") started.set(event.id, { title: event.title ?? event.id, time: Date.parse(event.time) });
    if (event.type === "task-done" && begun !== undefined) times[begun.title] = (Date.parse(event.time) - begun.time) / 1000;
  }
  return times;
}

async function codeOf(site: string, base: string): Promise<string> {
  const code = join(base, "code", site);
  await mkdir(code, { recursive: true });
  if (site === "wordpress") {
    const debian = await debianApp("trixie", ["wordpress", "wordpress-theme-twentytwentyfive"]);
    await cp(debian, code, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    return join(code, "usr/share/wordpress");
  }
  await writeFile(join(code, "index.html"), PAGE);
  return code;
}
