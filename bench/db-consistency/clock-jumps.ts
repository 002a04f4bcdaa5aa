import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { HowdahError } from "../../src/kernel/howdah-error.ts";
import { NumberedWriters } from "../support/numbered-writers.ts";
import { RoutedGalera } from "../support/routed-galera.ts";

/** `apt-get install libfaketime`; only this bench has it. */
const FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
const THERE = "/opt/faketime";
const HOLD_MS = 15_000;
const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

/** What a node's clock does, in libfaketime's words. */
const CLOCKS = { "an hour ahead": "+3600s", "an hour back": "-3600s", "five per cent fast": "+0s x1.05" } as const;
type Clock = keyof typeof CLOCKS;

/** One clock that went wrong (C10). */
interface ClockJump {
  readonly clock: Clock;
  readonly whose: "the writer's" | "another node's";
  /** How far the server itself was from the truth, in seconds, at the end of it. */
  readonly offBySeconds: number;
  readonly sameWriter: boolean;
  readonly errors: number;
  readonly longestSilenceMs: number;
  /** States of the cluster that the operator saw meanwhile. */
  readonly states: readonly string[];
}

interface ClockJumps {
  readonly jumps: readonly ClockJump[];
  readonly acknowledged: number;
  readonly lost: number;
  readonly load: number;
}

/** Sets the clock of one node wrong, of the writer and of another one, while clients write through the router; the time that runs (`CLOCK_MONOTONIC`) goes on. */
export async function clockJumps(say: (line: string) => void): Promise<ClockJumps> {
  if (!existsSync(FAKETIME)) throw new HowdahError("machine/tool-missing", "This needs libfaketime: apt-get install libfaketime");
  const clocks = await mkdtemp(join(tmpdir(), "t-clocks-"));
  await chmod(clocks, 0o755);
  const env = {
    ...{ LD_PRELOAD: `${THERE}/libfaketime.so.1`, FAKETIME_TIMESTAMP_FILE: `${THERE}/clock/now`, FAKETIME_CACHE_DURATION: "1" },
    ...{ FAKETIME_DONT_FAKE_MONOTONIC: "1", DONT_FAKE_MONOTONIC: "1" },
  };
  for (const name of ["g-0", "g-1", "g-2"]) {
    await mkdir(join(clocks, name), { mode: 0o755 });
    await set(clocks, name, "+0s");
  }
  const rig = await RoutedGalera.start([
    ...["--volume", `${FAKETIME}:${THERE}/libfaketime.so.1:ro`, "--volume", `${join(clocks, "NODE")}:${THERE}/clock:ro`],
    ...Object.entries(env).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
  ]);
  const writers = new NumberedWriters(4, 0, () => rig.connect());
  try {
    await sleep(5_000);
    const jumps: ClockJump[] = [];
    for (const whose of ["the writer's", "another node's"] as const)
      for (const clock of Object.keys(CLOCKS) as Clock[]) {
        jumps.push(await jump(rig, writers, clocks, { whose, clock }));
        say(JSON.stringify(jumps.at(-1)));
      }
    await writers.stop();
    const lost = Math.max(...(await Promise.all(rig.cluster.names.map((name) => rig.missing(writers.rows, name)))));
    return { jumps, acknowledged: writers.rows.length, lost, load: loadavg()[0] ?? 0 };
  } finally {
    await writers.stop();
    await rig.remove();
    await rm(clocks, { recursive: true, force: true });
  }
}

async function jump(
  rig: RoutedGalera,
  { journal }: NumberedWriters,
  clocks: string,
  { whose, clock }: Pick<ClockJump, "whose" | "clock">,
): Promise<ClockJump> {
  const writer = await rig.writer();
  const name = whose === "the writer's" ? writer : (rig.cluster.names.find((one) => one !== writer) ?? "");
  const began = Date.now();
  const states = new Set<string>();
  const looks = setInterval(() => states.add(rig.cluster.last?.decision.state ?? "unknown"), 500);
  await set(clocks, name, CLOCKS[clock]);
  await sleep(HOLD_MS);
  const [row] = await rig.cluster.query(name, "SELECT UNIX_TIMESTAMP() AS now");
  const offBySeconds = Math.round((Number(row?.["now"]) - Date.now() / 1000) * 10) / 10;
  await set(clocks, name, "+0s");
  await sleep(3_000);
  clearInterval(looks);
  const sameWriter = (await rig.writer()) === writer;
  const ended = Date.now();
  const errors = Object.values(journal.errorsBetween(began, ended)).reduce((sum, one) => sum + one, 0);
  return { clock, whose, offBySeconds, sameWriter, errors, longestSilenceMs: journal.longestGap(began, ended), states: [...states] };
}

async function set(clocks: string, name: string, clock: string): Promise<void> {
  await writeFile(join(clocks, name, "now"), `${clock}\n`, { mode: 0o644 });
}
