import { beforeEach, describe, expect, it } from "vitest";
import type { JobRequest, JobRun } from "../../engine/jobs.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { readSchedule } from "../../schedule/schedule.ts";
import type { Cron } from "../../site/site.ts";
import type { CronMemory } from "../ports.ts";
import { cronLoop } from "./cron-loop.ts";
import { type CronSite, plannedCrons } from "./planned-crons.ts";

const MINUTE = 60_000;
const noon = Date.parse("2026-11-21T12:00:00Z");
const minutely: Cron = {
  name: "jobs",
  schedule: "* * * * *",
  argv: ["php", "jobs.php"],
  timeoutSeconds: 90,
  timeZone: "UTC",
  overlap: "skip",
  missedSeconds: 3600,
};

/** A machine that lasts in tests: its clock moves only by sleeping, its jobs run as long as `takes` says. */
class World {
  now = noon;
  crons: readonly Cron[] = [minutely];
  down = false;
  unsaid: ReadonlySet<string> = new Set();
  takes = 1000;
  readonly documents = new Map<string, CronMemory>();
  readonly jobs: (JobRequest & { readonly at: number; stopped?: string; until: number })[] = [];
  failure: Error | undefined;
  readonly lines: Readonly<Record<string, unknown>>[] = [];

  private runOf(job: World["jobs"][number]): JobRun {
    const known = { id: job.id, namespace: "blog", name: job.name, pod: "p", startedAt: job.at, timeoutSeconds: job.timeoutSeconds };
    const stopped = job.stopped === undefined ? {} : { stopped: job.stopped };
    return {
      ...known,
      ...(job.planned === undefined ? {} : { planned: job.planned }),
      state:
        this.now < job.until
          ? { is: "running", elapsedMs: this.now - job.at }
          : { is: "ended", exitCode: stopped.stopped === undefined ? 0 : 143, endedAt: job.until, ...stopped },
    };
  }

  /** Lets an agent live for a time; another one may follow it. */
  async live(ms: number, tick: (world: World) => void = () => {}): Promise<void> {
    const stop = new AbortController();
    const end = this.now + ms;
    const record = { site: { name: "blog", runtime: {}, topology: "together", crons: this.crons }, namespace: "blog" };
    await cronLoop({
      signal: stop.signal,
      log: (line) => void this.lines.push(line),
      crons: async () => plannedCrons(record as unknown as CronSite),
      unsaid: () => this.unsaid,
      memory: {
        get: async (key) => this.documents.get(key),
        list: async () => [...this.documents.values()],
        put: async (key, memory) => void this.documents.set(key, memory),
        remove: async (key) => void this.documents.delete(key),
      },
      clock: {
        now: () => this.now,
        sleep: async (pause) => {
          await new Promise((resolve) => setImmediate(resolve)); // starts under way get their turn
          this.now += pause;
          tick(this);
          if (this.now >= end) stop.abort();
        },
      },
      engine: {
        ensureAwake: async () => {
          if (this.down) throw new HowdahError("site/down", "blog was stopped");
          return [];
        },
        jobs: {
          start: async (_target, request) => {
            if (this.failure !== undefined) throw this.failure;
            this.jobs.push({ ...request, at: this.now, until: this.now + this.takes });
          },
          list: async () => this.jobs.map((job) => this.runOf(job)),
          stop: async (id, why) => {
            const job = this.jobs.find((one) => one.id === id);
            if (job !== undefined) Object.assign(job, { stopped: why, until: this.now });
          },
          forget: async (id) =>
            void this.jobs.splice(
              this.jobs.findIndex((job) => job.id === id),
              1,
            ),
        },
      },
    });
  }

  starts(): (number | undefined)[] {
    return this.jobs.map((job) => job.planned);
  }
}

describe("the scheduler", () => {
  let world: World;
  const schedule = (() => {
    const read = readSchedule("* * * * *", { site: "blog", cron: "jobs", timeZone: "UTC" });
    if ("problem" in read) throw new Error(read.problem);
    return read.schedule;
  })();
  const first = schedule.next(noon) ?? 0;
  beforeEach(() => {
    world = new World();
  });
  const memory = (): CronMemory | undefined => world.documents.get("blog.jobs");

  it("starts each minute at its second, and remembers how it went", async () => {
    const planned: number[] = [];
    let seen = 0;
    await world.live(3 * MINUTE, ({ jobs }) => {
      for (const job of jobs) if (job.planned !== undefined && job.planned > seen) planned.push((seen = job.planned));
    });
    expect(planned).toEqual([first, first + MINUTE, first + 2 * MINUTE]);
    expect(memory()?.last).toMatchObject({
      result: "succeeded",
      exitCode: 0,
      seconds: 1,
      planned: new Date(first + 2 * MINUTE).toISOString(),
    });
  });

  it.each<[string, object]>([
    ["nothing", {}],
    ["null", { mark: null }],
  ])("begins anew with a memory that says %s", async (_name, wrong) => {
    world.documents.set("blog.jobs", { namespace: "blog", cron: "jobs", ...wrong } as unknown as CronMemory);
    await world.live(2 * MINUTE);
    expect(memory()?.last).toMatchObject({ result: "succeeded" });
    expect(world.lines).toEqual([]);
  });

  it("starts no second run beside one that still goes on, and says so", async () => {
    world.takes = 80_000;
    await world.live(2 * MINUTE + 5000);
    expect(world.starts()).toEqual([first]);
    expect(memory()?.left).toEqual({ planned: new Date(first + MINUTE).toISOString(), because: "the former run still went on" });
  });

  it("ends a run at its timeout", async () => {
    world.takes = 10 * MINUTE;
    world.crons = [{ ...minutely, timeoutSeconds: 20 }];
    await world.live(first - noon + 30_000);
    expect(memory()?.last).toMatchObject({ result: "stopped", why: "it ran longer than its timeout of 20 seconds" });
  });

  it("knows a run of an agent that was killed, and does not start its minute again", async () => {
    world.takes = 30_000;
    await world.live(first - noon + 2000);
    expect(world.starts()).toEqual([first]);
    await world.live(20_000);
    expect(world.starts()).toEqual([first]);
    await world.live(20_000);
    expect(memory()?.last).toMatchObject({ result: "succeeded", seconds: 30 });
  });

  it("makes up once what it was away for", async () => {
    await world.live(1000);
    world.now = first + 10 * MINUTE + 100;
    await world.live(5000);
    expect(world.starts()).toEqual([first + 10 * MINUTE]);
  });

  it("runs nothing while the site is stopped, and goes on when it is up", async () => {
    world.down = true;
    await world.live(2 * MINUTE);
    expect(world.starts()).toEqual([]);
    world.down = false;
    await world.live(3000);
    expect(world.starts().map((at) => ((at ?? 0) - first) / MINUTE)).toEqual([1]);
  });

  it("says once that a program can't be started", async () => {
    world.failure = new HowdahError("engine/crashed", "nope can't be started");
    await world.live(3 * MINUTE);
    expect(memory()?.last).toMatchObject({ result: "not started", why: "nope can't be started" });
    expect(world.lines.length).toBe(1);
  });

  it("forgets a cron that is gone from its site", async () => {
    await world.live(2000);
    world.crons = [];
    await world.live(2000);
    expect([...world.documents]).toEqual([]);
  });

  it("forgets nothing of a site whose crons nobody can say just then: nothing is started twice when they are back", async () => {
    await world.live(2 * MINUTE + 10_000);
    const before = world.jobs.length;
    world.crons = [];
    world.unsaid = new Set(["blog"]);
    await world.live(10_000);
    expect([...world.documents.keys()]).toEqual(["blog.jobs"]);
    world.crons = [minutely];
    world.unsaid = new Set();
    await world.live(10_000);
    expect(world.jobs).toHaveLength(before);
  });
});
