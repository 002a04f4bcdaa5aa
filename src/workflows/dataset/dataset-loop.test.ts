import { beforeEach, expect, it } from "vitest";
import type { Clock } from "../../kernel/clock.ts";
import type { DocumentStore, SiteRecord } from "../ports.ts";
import type { BreedJournal } from "./breed-journal.ts";
import { datasetLoop } from "./dataset-loop.ts";
import type { DatasetPorts, DatasetSchedule } from "./dataset-ports.ts";

function memory<T>(): DocumentStore<T> {
  const kept = new Map<string, T>();
  return {
    get: async (name) => kept.get(name),
    list: async (prefix = "") => [...kept].filter(([name]) => name.startsWith(prefix)).map(([, document]) => document),
    put: async (name, document) => void kept.set(name, document),
    remove: async (name) => void kept.delete(name),
  };
}

let now: number;
let opened: number;
let swept: number;
let said: object[];
let ports: DatasetPorts;
let ended: AbortController;

beforeEach(() => {
  [now, opened, swept, said, ended] = [Date.parse("2026-11-22T02:00:00Z"), 0, 0, [], new AbortController()];
  const site = { name: "shop", mounts: [], dataset: { schedule: "30 2 * * *", presets: [], tables: {}, files: [] } };
  const record = { namespace: "shop", site, file: "/nowhere/howdah.yaml", database: null } as unknown as SiteRecord;
  ports = {
    records: { list: async () => [record] },
    clock: { now: () => now },
    locks: { hold: async (_name: string, _command: string, work: () => Promise<unknown>) => await work() },
    files: { kind: async () => "missing" },
    machine: { isProcessAlive: async () => false },
    datasets: {
      ...{ schedules: memory<DatasetSchedule>(), journals: memory<BreedJournal>(), generations: memory(), leases: memory() },
      servers: { sweep: async () => ++swept },
    },
    datasetStorage: {
      existing: async () => {
        opened += 1;
        return undefined;
      },
    },
  } as unknown as DatasetPorts;
});

/** Runs the loop for so many minutes of a clock that is not the machine's. */
async function run(minutes: number): Promise<void> {
  const until = now + minutes * 60_000;
  const clock: Clock = {
    now: () => now,
    sleep: async (milliseconds) => {
      now += milliseconds;
      if (now >= until) ended.abort();
    },
  };
  await datasetLoop({ ports, clock, signal: ended.signal, log: (entry) => said.push(entry) });
}

it("begins a breed when the site file's schedule says so, once, and remembers how it ended", async () => {
  await run(40);
  const schedule = await ports.datasets.schedules.get("shop");
  expect(schedule).toMatchObject({
    schedule: "30 2 * * *",
    from: "file",
    last: { generation: null, failure: expect.stringContaining("shop") },
  });
  expect(said.filter((entry) => "site" in entry)).toHaveLength(1);
});

it("begins none before, and none once a person has switched it off", async () => {
  await run(20);
  expect((await ports.datasets.schedules.get("shop"))?.last).toBeNull();
  ended = new AbortController();
  await ports.datasets.schedules.put("shop", { site: "shop", schedule: null, from: "command", mark: null, last: null });
  await run(40);
  expect((await ports.datasets.schedules.get("shop"))?.last).toBeNull();
});

it("opens the storage once an hour, or when a breed was cut off: it is somebody's to unmount", async () => {
  await run(30);
  expect(opened).toBe(1);
  ended = new AbortController();
  await ports.datasets.journals.put("shop", { site: "shop", generation: "g1" } as BreedJournal);
  await run(3);
  expect(opened).toBeGreaterThan(2);
});

it("takes away every minute what podman started for a breed that was killed meanwhile, where there are datasets", async () => {
  await run(5);
  expect(swept).toBe(0);
  ended = new AbortController();
  await ports.datasets.generations.put("shop.g1", { site: "shop", id: "g1", state: "failed" } as never);
  await run(5);
  expect(swept).toBeGreaterThanOrEqual(4);
});
