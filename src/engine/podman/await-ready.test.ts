import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { awaitReady, type StartedPod } from "./await-ready.ts";
import type { Machine } from "./machine.ts";
import { namesOf } from "./names.ts";
import type { InspectedContainer } from "./podman-cli.ts";

const names = namesOf("howdah");
const POD = "howdah.blog.worker-queue.1.0";
/** Larger than any process's number. */
const DEAD = 2 ** 30;

function container(name: string, pid: number, restarts: number, logPath = ""): InspectedContainer {
  const nothing = { id: name, exitCode: 1, startedAt: "", logPath, configPath: "", cgroupPath: "", aliases: {}, hostsPath: "" };
  return { ...nothing, name, status: "running", pid, restarts, addresses: { net: "10.0.0.2" } };
}

/** A worker, which has no probe; podman says in turn what `inspected` holds. */
async function waitFor(
  first: InspectedContainer,
  inspected: { at: number; seen: InspectedContainer }[],
  meanwhile: (now: number) => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  let now = 0;
  const machine = {
    names,
    podman: { inspect: () => Promise.resolve(inspected.filter(({ at }) => at <= now).map(({ seen }) => seen)) },
    clock: {
      now: () => now,
      sleep: (ms: number) => {
        now += ms;
        return meanwhile(now);
      },
    },
  } as unknown as Machine;
  const plan = { pod: POD, network: "net", spec: { containers: [{ name: "worker" }] } };
  const pod = { plan, seen: [container(`${POD}._infra`, process.pid, 0), first] } as unknown as StartedPod;
  await awaitReady(machine, [pod], { deadlineMs: 60_000, signal: new AbortController().signal, progress: () => undefined });
  return now;
}

it("takes a worker that runs for a second as ready", async () => {
  expect(await waitFor(container(`${POD}.worker`, process.pid, 0), [])).toBe(1000);
});

it("lets a worker that fell once run for a second anew", async () => {
  const again = { at: 900, seen: container(`${POD}.worker`, process.pid, 1) };
  expect(await waitFor(container(`${POD}.worker`, DEAD, 0), [{ at: 0, seen: container(`${POD}.worker`, DEAD, 1) }, again].reverse())).toBe(
    1900,
  );
});

it("counts the second from the last step before the program", async () => {
  const directory = await mkdtemp(join(tmpdir(), "howdah-await-"));
  const log = join(directory, "ctr.log");
  await writeFile(log, "");
  const said = 'howdah: {"event":"step","message":"the database answers","step":"database","state":"done"}';
  const line = `2026-11-21T18:00:00.000000000Z stdout F ${said}\n`;
  const meanwhile = (now: number): Promise<void> => (now === 500 ? appendFile(log, line) : Promise.resolve());
  expect(await waitFor(container(`${POD}.worker`, process.pid, 0, log), [], meanwhile)).toBe(1500);
  await rm(directory, { recursive: true });
});

it("gives one up that falls again and again", async () => {
  const seen = container(`${POD}.worker`, DEAD, 2);
  await expect(waitFor(container(`${POD}.worker`, DEAD, 0), [{ at: 0, seen }])).rejects.toThrow("ended with exit code 1");
});
