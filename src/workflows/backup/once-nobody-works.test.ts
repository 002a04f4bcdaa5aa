import { expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Ports } from "../ports.ts";
import { onceNobodyWorks } from "./once-nobody-works.ts";

const { signal } = new AbortController();

/** A site that a command works on for so long. */
function busyFor(busyMs: number) {
  let now = 0;
  const clock = { now: () => now, sleep: async (ms: number) => void (now += ms) };
  const hold = async (_name: string, _command: string, work: () => Promise<unknown>): Promise<unknown> => {
    if (now < busyMs) throw new HowdahError("machine/busy", "`db import` is working on blog");
    return await work();
  };
  return { ports: { clock, locks: { hold } } as unknown as Pick<Ports, "locks" | "clock">, at: () => now };
}

it.each([
  { name: "begins at once when nobody works", busyMs: 0, patienceMs: 0, at: 0 },
  { name: "waits for an import", busyMs: 25_000, patienceMs: 60_000, at: 30_000 },
])("a backup $name", async ({ busyMs, patienceMs, at }) => {
  const site = busyFor(busyMs);
  await onceNobodyWorks("blog", patienceMs, site.ports, signal);
  expect(site.at()).toBe(at);
});

it("a backup that a person asks for, and one that has waited long enough, says who works", async () => {
  for (const patienceMs of [0, 60_000])
    await expect(onceNobodyWorks("blog", patienceMs, busyFor(3_600_000).ports, signal)).rejects.toMatchObject({ code: "machine/busy" });
});
