import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whether HAProxy is here; `bash scripts/setup --tests` installs it. */
export function hasHaproxy(): boolean {
  return spawnSync("haproxy", ["-v"]).status === 0;
}

/** The real HAProxy of Debian as a process of the test. */
export class HaproxyProcess {
  #child: ChildProcess | undefined;
  #directory = "";
  output = "";

  /** What `haproxy -c` says of a configuration: its exit code and its words. */
  static async check(text: string): Promise<{ readonly code: number | null; readonly output: string }> {
    const directory = await mkdtemp(join(tmpdir(), "t-haproxy-"));
    const file = join(directory, "haproxy.cfg");
    await writeFile(file, text);
    const { status, stderr, stdout } = spawnSync("haproxy", ["-c", "-f", file], { encoding: "utf8" });
    await rm(directory, { recursive: true });
    return { code: status, output: `${stdout}${stderr}` };
  }

  async start(text: string, alive: string): Promise<void> {
    this.#directory = await mkdtemp(join(tmpdir(), "t-haproxy-"));
    const file = join(this.#directory, "haproxy.cfg");
    await writeFile(file, text);
    const child = spawn("haproxy", ["-db", "-f", file], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.on("data", (part) => (this.output += String(part)));
    child.stderr.on("data", (part) => (this.output += String(part)));
    this.#child = child;
    for (let left = 600; left > 0; left -= 1) {
      if (child.exitCode !== null) throw new Error(`haproxy ended: ${this.output}`);
      if ((await fetch(alive).catch(() => undefined))?.ok === true) return;
      await new Promise((wake) => setTimeout(wake, 100));
    }
    throw new Error(`haproxy does not answer: ${this.output}`);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    if (this.#directory !== "") await rm(this.#directory, { recursive: true, force: true });
  }
}
