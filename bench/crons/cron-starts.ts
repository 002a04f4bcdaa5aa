import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { namespaceLock } from "../../src/engine/podman/namespace-lock.ts";
import { podmanEngine } from "../../src/engine/podman/podman-engine.ts";
import { run } from "../../src/providers/process.ts";
import { systemClock } from "../../src/providers/system-clock.ts";
import { readSchedule } from "../../src/schedule/schedule.ts";
import { type HowdahMachine, howdahMachine } from "../../test/support/howdah-machine.ts";

const PORT = 18_990;
/** Milliseconds in which a clock tick of /proc/stat counts. */
const TICK_MS = 10;

interface CronStarts {
  readonly cores: number;
  readonly crons: number;
  readonly minutes: number;
  readonly expected: number;
  readonly started: number;
  /** From the second that was planned to the program's first own clock reading, in milliseconds. */
  readonly lateMs: { readonly median: number; readonly p99: number; readonly worst: number };
  /** Cores that the whole machine was busy with meanwhile; the programs (PHP that prints the time) included. */
  readonly busyCores: number;
  /** One start and its program to its end, one after another: milliseconds of CPU of the whole machine. */
  readonly startCpuMs: { readonly podmanExec: number; readonly howdah: number };
  /** 200 due in one moment: milliseconds until the last one runs. */
  readonly burst200Ms: number;
}

/**
 * `sites` small sites with `each` crons that are due every minute: how late they start. The real agent and the real podman; every program
 * prints its own clock, which is compared with the schedule.
 */
export async function cronStarts(sites: number, each: number, minutes: number, say: (line: string) => void): Promise<CronStarts> {
  const machine = await howdahMachine("bench-crons", PORT);
  try {
    for (let site = 0; site < sites; site++) {
      say(`up of site ${site + 1} of ${sites}`);
      await machine.ok("up", await writeSite(machine, site, each));
    }
    await machine.ok("agent", "--stop"); // its crons would run beside what is measured first
    say("what one start costs");
    const startCpuMs = await startCosts(machine);
    const burst200Ms = await burst(machine, 200);
    void machine.start("agent");
    say("half a minute to settle");
    await systemClock.sleep(30_000);
    const from = Date.now();
    const cpu = await busyMs();
    say(`${minutes} minutes are measured`);
    await systemClock.sleep(minutes * 60_000);
    const busyCores = ((await busyMs()) - cpu) / (minutes * 60_000);
    await systemClock.sleep(10_000); // the last ones may be late
    const late = await lateness(machine, { sites, each, from, until: from + minutes * 60_000 });
    const at = (part: number): number => Math.round(late[Math.min(late.length - 1, Math.floor(late.length * part))] ?? Number.NaN);
    return {
      cores: (await readFile("/proc/cpuinfo", "utf8")).split("\n").filter((line) => line.startsWith("processor")).length,
      crons: sites * each,
      minutes,
      expected: sites * each * minutes,
      started: late.length,
      lateMs: { median: at(0.5), p99: at(0.99), worst: at(1) },
      busyCores: Math.round(busyCores * 100) / 100,
      startCpuMs,
      burst200Ms,
    };
  } finally {
    await machine.remove();
  }
}

async function writeSite(machine: HowdahMachine, site: number, each: number): Promise<string> {
  const directory = join(machine.directory, `tick${site}`);
  await mkdir(join(directory, "public"), { recursive: true });
  await writeFile(join(directory, "public/index.php"), `<?php echo ${site};`);
  const crons = Array.from(
    { length: each },
    (_, index) => `    c${index}: {schedule: "* * * * *", command: [php, -r, "printf('%.3f%s', microtime(true), PHP_EOL);"]}`,
  );
  const spec = [`  runtime: {php: "8.4"}`, "  web: {root: public}", "  crons:", ...crons];
  await writeFile(
    join(directory, "howdah.yaml"),
    `apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: {name: tick${site}}\nspec:\n${spec.join("\n")}\n`,
  );
  if (site > 0) await cp(join(machine.directory, "tick0/howdah.lock"), join(directory, "howdah.lock"));
  return directory;
}

/** Milliseconds of CPU that the machine has spent until now. */
async function busyMs(): Promise<number> {
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] =
    (await readFile("/proc/stat", "utf8")).split("\n", 1)[0]?.split(/\s+/).map(Number) ?? [];
  return (user + nice + system + irq + softirq) * TICK_MS;
}

async function costOf(count: number, work: (index: number) => Promise<unknown>): Promise<number> {
  const idleFrom = await busyMs();
  await systemClock.sleep(3000);
  const idle = ((await busyMs()) - idleFrom) / 3000;
  const from = await busyMs();
  const began = Date.now();
  for (let index = 0; index < count; index++) await work(index);
  return Math.round(((await busyMs()) - from - idle * (Date.now() - began)) / count);
}

function engineOf({ environment }: HowdahMachine) {
  const settings = {
    stateDir: environment["HOWDAH_STATE_DIR"] ?? "",
    runDir: environment["HOWDAH_RUN_DIR"] ?? "",
    instance: environment["HOWDAH_INSTANCE"] ?? "",
  };
  const unused = (): never => {
    throw new Error("no edge here");
  };
  const lock = namespaceLock(settings.stateDir, settings.runDir, systemClock);
  return podmanEngine(settings, { run, clock: systemClock, lock, renderEdge: unused, certificateFor: unused });
}

const TARGET = { namespace: "tick0", workload: "web", container: "php" };
const PROGRAM = ["php", "-r", "exit(0);"];

async function startCosts(machine: HowdahMachine): Promise<CronStarts["startCpuMs"]> {
  const { jobs } = engineOf(machine);
  const listed = (await run(["podman", "ps", "--format", "{{.Names}}"])).stdout.split("\n");
  const container = listed.find((name) => name.startsWith("t-bench-crons.tick0.web.") && name.endsWith(".php")) ?? "";
  const context = { emit: () => undefined, signal: new AbortController().signal };
  const podmanExec = await costOf(40, () => run(["podman", "exec", container, ...PROGRAM]));
  const howdah = await costOf(40, async (index) => {
    const id = `cost${index}`;
    await jobs.start(TARGET, { id, name: "cost", argv: PROGRAM, env: {}, timeoutSeconds: 60 }, context);
    while ((await jobs.list()).some((one) => one.id === id && one.state.is === "running")) await systemClock.sleep(10);
    await jobs.forget(id);
  });
  return { podmanExec, howdah };
}

/** As many as the agent starts at once, one after another of a queue. */
async function burst(machine: HowdahMachine, count: number): Promise<number> {
  const { jobs } = engineOf(machine);
  const context = { emit: () => undefined, signal: new AbortController().signal };
  const queue = Array.from({ length: count }, (_, index) => `burst${index}`);
  const began = Date.now();
  const worker = async (): Promise<void> => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift())
      await jobs.start(TARGET, { id, name: id, argv: PROGRAM, env: {}, timeoutSeconds: 60 }, context);
  };
  await Promise.all(Array.from({ length: 6 }, worker));
  const took = Date.now() - began;
  await systemClock.sleep(2000);
  for (const { id } of await jobs.list()) await jobs.forget(id);
  return took;
}

/** Of each run in the window, how late its program began; ascending. */
async function lateness(
  machine: HowdahMachine,
  window: { readonly sites: number; readonly each: number; readonly from: number; readonly until: number },
): Promise<number[]> {
  const late: number[] = [];
  for (let site = 0; site < window.sites; site++) {
    for (let index = 0; index < window.each; index++) {
      const read = readSchedule("* * * * *", { site: `tick${site}`, cron: `c${index}`, timeZone: "UTC" });
      if ("problem" in read) throw new Error(read.problem);
      const log = join(machine.directory, `state/namespaces/tick${site}/crons/c${index}.log`);
      const lines = (await readFile(log, "utf8").catch(() => "")).split("\n").map((line) => Number(line.split(" F ")[1]) * 1000);
      for (const began of lines.filter((time) => Number.isFinite(time))) {
        const planned = read.schedule.latest(began) ?? 0;
        if (planned >= window.from && planned < window.until) late.push(began - planned);
      }
    }
  }
  return late.toSorted((a, b) => a - b);
}
