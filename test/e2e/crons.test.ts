import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/providers/process.ts";
import type { CronStatus } from "../../src/workflows/crons/cron-status.ts";
import type { CronMemory } from "../../src/workflows/ports.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";

const PORT = 18_726;
const skip = await whyNoMachine();

/** `tick` says who and where it is; `wait` and the worker go on until a file says stop; `stuck` ignores TERM, and so does a child that left its session. */
const SCRIPTS: Readonly<Record<string, string>> = {
  "bin/tick.php": `<?php echo getenv("HOWDAH_CRON"), " ", posix_getuid(), " ", getcwd(), " ", getenv("COLOUR"), " release one\n"; fwrite(STDERR, "to stderr"); exit(3);`,
  "bin/wait.php": `<?php echo "waiting\n"; while (!is_file("data/stop")) { usleep(100000); clearstatcache(); } unlink("data/stop"); echo "went on to its end\n";`,
  "bin/stuck.php": `<?php pcntl_async_signals(true); pcntl_signal(SIGTERM, SIG_IGN); if (pcntl_fork() === 0) { posix_setsid(); if (pcntl_fork() !== 0) exit; } echo "process\n"; while (true) sleep(1);`,
  "bin/work.php": `<?php pcntl_async_signals(true); pcntl_signal(SIGTERM, function () { touch("data/asked"); exit(0); }); echo "begun\\n"; while (!@unlink("data/leave")) usleep(100000);`,
  "public/index.php": `<?php echo "hello";`,
};

const SITE = `apiVersion: howdah.dev/v1alpha1
kind: Site
metadata:
  name: tock
spec:
  runtime:
    php: "8.4"
  web:
    root: public
  mounts:
    data: {}
  variables:
    COLOUR: blue
    HIDDEN: {generate: {}}
  crons:
    tick: {schedule: "* * * * *", command: php bin/tick.php}
    wait: {schedule: "H 3 * * *", command: php bin/wait.php}
    stuck: {schedule: "H 4 * * *", command: php bin/stuck.php, timeout: 2s}
  workers:
    queue: {command: php bin/work.php}
`;

describe.skipIf(skip !== undefined)(`crons${skip === undefined ? "" : ` (${skip})`}`, () => {
  let machine: HowdahMachine;
  let directory = "";

  beforeAll(async () => {
    machine = await howdahMachine("crons", PORT);
    directory = join(machine.directory, "tock");
    for (const [path, text] of Object.entries(SCRIPTS)) {
      await mkdir(join(directory, path, ".."), { recursive: true });
      await writeFile(join(directory, path), text);
    }
    await writeFile(join(directory, "howdah.yaml"), SITE);
    await machine.ok("up", directory);
  });
  afterAll(async () => {
    expect(await machine.remove()).toEqual([]);
  });

  const cron = async (name: string): Promise<CronStatus> => {
    const { stdout } = await machine.ok("cron", "ls", "tock", "--output", "json");
    const found = (JSON.parse(stdout) as CronStatus[]).find((one) => one.name === name);
    if (found === undefined) throw new Error(stdout);
    return found;
  };
  const until = async (name: string, seconds: number, reached: (cron: CronStatus) => boolean): Promise<CronStatus> => {
    for (const deadline = Date.now() + seconds * 1000; ; ) {
      const seen = await cron(name);
      if (reached(seen)) return seen;
      if (Date.now() > deadline) throw new Error(`${name} is not there: ${JSON.stringify(seen)}`);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  };
  const logOf = async (name: string): Promise<string[]> => {
    const { stdout } = await machine.ok("logs", "tock", "--component", "cron", "--output", "json");
    const lines = stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as { container: string; text: string }]));
    return lines.filter((line) => line.container === `cron/${name}`).map((line) => line.text);
  };
  const agentPid = async (): Promise<number> => Number(await readFile(join(machine.directory, "run/agent.pid"), "utf8"));
  const startAgent = async (): Promise<void> => {
    machine.start("agent");
    await until("tick", 20, () => true);
  };
  const stopAgent = (): Promise<unknown> => machine.ok("agent", "--stop");
  /** As if the agent had been away for so long: what was due since then was missed. */
  const putBack = async (name: string, minutes: number): Promise<void> => {
    const file = join(machine.directory, "state/crons", `tock.${name}.json`);
    const memory = JSON.parse(await readFile(file, "utf8")) as CronMemory;
    const handled = Date.now() - minutes * 60_000;
    await writeFile(file, JSON.stringify({ ...memory, mark: { ...memory.mark, handled, next: handled + 60_000 } }));
  };
  const marked = async (): Promise<string[]> =>
    (await run(["pgrep", "-f", "bin/(stuck|wait).php"], { accept: "any" })).stdout.split("\n").filter(Boolean);

  it("run by hand with the site's user, place and environment, their output and their exit code", async () => {
    const said = await machine.howdah("cron", "run", "tock", "tick");
    expect(said).toMatchObject({ code: 3, stdout: "tick 50000 /srv/web blue release one\n", stderr: "to stderr\n" });
    expect((await machine.howdah("cron", "run", "tock", "tack")).stderr).toContain("Its crons: stuck, tick, wait.");
    const files = await run(["grep", "-rl", "HIDDEN", join(machine.directory, "run/jobs")], { accept: "any" });
    expect(files.stdout).toBe(""); // the environment has secrets: it is gone as soon as the program has it
  });

  it("end with everything that they started at their timeout", async () => {
    const said = await machine.howdah("cron", "run", "tock", "stuck");
    expect(said.code).toBe(137);
    expect(await marked()).toEqual([]);
    const { last } = await until("stuck", 5, (one) => one.last !== null);
    expect(last).toMatchObject({ result: "stopped", why: "it ran longer than its timeout of 2 seconds" });
  });

  it("go on while the agent is killed and pods are replaced, and never run twice at once", async () => {
    const following = machine.start("cron", "run", "tock", "wait");
    const before = await until("wait", 10, (one) => one.running.length === 1);
    expect(await machine.howdah("cron", "run", "tock", "wait")).toMatchObject({ code: 75 });

    process.kill(await agentPid(), "SIGKILL");
    await startAgent();
    expect((await cron("wait")).running[0]?.run).toBe(before.running[0]?.run);

    await writeFile(join(directory, "bin/tick.php"), (SCRIPTS["bin/tick.php"] ?? "").replace("release one", "release two"));
    await machine.ok("up", directory);
    expect((await machine.howdah("cron", "run", "tock", "tick")).stdout).toContain("release two");
    expect((await cron("wait")).running[0]?.run).toBe(before.running[0]?.run);
    const pods = async (): Promise<number> =>
      (await run(["podman", "pod", "ls", "--format", "{{.Name}}"])).stdout
        .split("\n")
        .filter((name) => name.startsWith("t-crons.tock.web.")).length;
    expect(await pods()).toBe(2); // the former one has the cron

    await machine.ok("exec", "tock", "--", "php", "-r", 'touch("data/stop");');
    expect(await following.done).toMatchObject({ code: 0, stdout: "waiting\nwent on to its end\n" });
    for (let tries = 0; (await pods()) > 1 && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await pods()).toBe(1);
  });

  it("start by themselves in their minute, with their output in the site's log", async () => {
    const { next } = await cron("tick");
    const { last } = await until("tick", 70, (one) => one.last?.planned === next);
    expect(last).toMatchObject({ result: "failed", exitCode: 3 });
    expect(Date.parse(last?.startedAt ?? "") - Date.parse(next ?? "")).toBeLessThan(30_000);
    expect((await logOf("tick")).slice(-2)).toEqual(["tick 50000 /srv/web blue release two", "to stderr"]);
    expect((await machine.ok("status", "tock")).stdout).toMatch(/tick +\* \* \* \* \* +\d{4}.*exit code 3 after/);
  });

  it("are made up once after the agent was away, left out when it was away for too long, and not started beside a former run", async () => {
    await stopAgent();
    await putBack("tick", 30);
    await putBack("stuck", 300);
    const following = machine.start("cron", "run", "tock", "wait");
    await until("wait", 30, (one) => one.running.length === 1);
    await putBack("wait", 1);
    const runs = (await logOf("tick")).length;
    const back = Date.now();
    await startAgent();
    const { left } = await until("stuck", 30, (one) => one.left !== null);
    expect(left?.because).toContain("missed");
    expect((await until("wait", 30, (one) => one.left !== null)).left?.because).toContain("former run");
    await until("tick", 30, (one) => one.running.length === 0 && Date.parse(one.last?.startedAt ?? "0") >= back);
    // Two lines a run: one run for thirty minutes, and perhaps the one of the minute that has just begun.
    expect([runs + 2, runs + 4]).toContain((await logOf("tick")).length);
    await machine.ok("exec", "tock", "--", "php", "-r", 'touch("data/stop");');
    expect((await following.done).code).toBe(0);
  });

  it("have workers beside them, which come back when they end and are replaced gracefully", async () => {
    const php = (code: string): Promise<{ stdout: string }> => machine.ok("exec", "tock", "--", "php", "-r", code);
    const begun = async (): Promise<number> =>
      (await machine.ok("logs", "tock", "--component", "worker")).stdout.split("\n").filter((line) => line.endsWith("begun")).length;
    expect(await begun()).toBe(1);
    await php('touch("data/leave");');
    for (let tries = 0; (await begun()) < 2 && tries < 60; tries++) await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await begun()).toBe(2); // it had ended with exit code 0
    await writeFile(join(directory, "public/index.php"), "<?php echo 'hello again';");
    await machine.ok("up", directory);
    expect((await php('var_dump(is_file("data/asked"));')).stdout).toContain("true");
    expect((await machine.ok("status", "tock")).stdout).toMatch(/worker-queue +1\/1/);
  });

  it("don't run while their site is stopped, and end when it is", async () => {
    const following = machine.start("cron", "run", "tock", "wait");
    await until("wait", 30, (one) => one.running.length === 1);
    await machine.ok("down", "tock");
    expect((await following.done).code).toBe(143);
    expect(await marked()).toEqual([]);
    expect(await machine.howdah("cron", "run", "tock", "tick")).toMatchObject({ code: 75 });
    expect((await cron("tick")).next).toBeNull();
  });
});
