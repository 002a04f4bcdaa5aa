import { spawn } from "node:child_process";
import { access, mkdir, open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Lock } from "../engine/lock.ts";
import type { RunProcess } from "../engine/process-port.ts";
import type { Clock } from "../kernel/clock.ts";
import { HowdahError } from "../kernel/howdah-error.ts";
import type { StructuredLog } from "../kernel/structured-log.ts";
import { type AgentParts, agentLoop } from "./agent-loop.ts";
import { systemdUnit, UNIT_NAME } from "./systemd-unit.ts";

/** What keeping the agent alive needs. */
export interface AgentServiceParts {
  /** argv of the agent: `node`, the program, `agent`. Absolute paths. */
  readonly argv: readonly string[];
  /** Settings that the agent must see too (HOWDAH_STATE_DIR…), and PATH. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stateDir: string;
  readonly runDir: string;
  readonly run: RunProcess;
  readonly clock: Clock;
  readonly lock: Lock;
  /** Where units are written; /etc/systemd/system. */
  readonly unitDir?: string;
}

/** The agent of this machine as the commands see it. */
export interface AgentService {
  /** Makes sure that it runs: as a systemd service where systemd is, else as a process of its own. */
  ensureRunning(): Promise<"started" | "running">;
  status(): Promise<{ readonly running: boolean; readonly how: string }>;
  stop(): Promise<void>;
  /** The agent itself, in the foreground. Answers the exit code. Errors: `machine/busy` when one runs already. */
  serve(
    parts: Pick<AgentParts, "engine" | "signal" | "random"> & {
      readonly log: StructuredLog;
      /** Work that only one process of a machine may do: begins when this one is the agent, and ends at the signal. */
      readonly beside?: () => Promise<void>;
    },
  ): Promise<number>;
}

/** The agent's name among locks; no namespace can have it. */
const LOCK = "agent_";
const START_MS = 10_000;
const STOP_MS = 60_000;
const POLL_MS = 100;

/** Binds the agent's service to a machine. */
export function agentService(parts: AgentServiceParts): AgentService {
  const pidFile = join(parts.runDir, "agent.pid");
  const unit = join(parts.unitDir ?? join("/", "etc", "systemd", "system"), UNIT_NAME);
  const pid = () => livingPid(pidFile);
  return {
    status: async () => {
      const running = await pid();
      if (running === undefined) return { running: false, how: (await hasSystemd()) ? "systemd service" : "process" };
      return { running: true, how: (await exists(unit)) && (await hasSystemd()) ? `systemd service ${UNIT_NAME}` : `process ${running}` };
    },
    ensureRunning: async () => {
      if (await hasSystemd()) return ensureService(parts, unit);
      if ((await pid()) !== undefined) return "running";
      await startProcess(parts);
      await until(
        parts.clock,
        START_MS,
        async () => (await pid()) !== undefined,
        () => notStarted(parts),
      );
      return "started";
    },
    stop: async () => {
      if ((await hasSystemd()) && (await exists(unit))) {
        await parts.run(["systemctl", "disable", "--now", UNIT_NAME]);
        return;
      }
      const running = await pid();
      if (running === undefined) return;
      process.kill(running, "SIGTERM");
      await until(
        parts.clock,
        STOP_MS,
        async () => (await pid()) === undefined,
        () => Promise.resolve(new HowdahError("machine/tool-failed", `The agent (process ${running}) does not end`)),
      );
    },
    serve: async ({ engine, signal, random, log, beside }) => {
      const held = await parts.lock(LOCK, "howdah agent process");
      try {
        await mkdir(parts.runDir, { recursive: true, mode: 0o711 });
        await writeFile(pidFile, `${process.pid}\n`);
        await Promise.all([agentLoop({ engine, clock: parts.clock, signal, random, log }), beside?.()]);
        return 0;
      } finally {
        await rm(pidFile, { force: true });
        await held.release();
      }
    },
  };
}

/** True when systemd runs this machine (sd_booted(3)). */
async function hasSystemd(): Promise<boolean> {
  return exists(join("/", "run", "systemd", "system"));
}

async function ensureService(parts: AgentServiceParts, unit: string): Promise<"started" | "running"> {
  const text = systemdUnit(parts.argv, parts.environment);
  const before = await readFile(unit, "utf8").catch(() => undefined);
  const active = (await parts.run(["systemctl", "is-active", "--quiet", UNIT_NAME], { accept: "any" })).code === 0;
  if (before === text && active) return "running";
  if (before !== text) {
    await writeFile(unit, text, { mode: 0o644 });
    await parts.run(["systemctl", "daemon-reload"]);
  }
  await parts.run(["systemctl", "enable", "--quiet", UNIT_NAME]);
  await parts.run(["systemctl", "restart", UNIT_NAME]);
  return "started";
}

/** A process of its own session, so that the end of the terminal doesn't end it. Its words go to a file. */
async function startProcess(parts: AgentServiceParts): Promise<void> {
  const [program = "", ...args] = parts.argv;
  await mkdir(parts.stateDir, { recursive: true, mode: 0o700 });
  const log = await open(logFile(parts), "a", 0o600);
  try {
    const child = spawn(program, args, { detached: true, cwd: "/", env: { ...parts.environment }, stdio: ["ignore", log.fd, log.fd] });
    await new Promise((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    child.unref();
  } finally {
    await log.close();
  }
}

function logFile(parts: AgentServiceParts): string {
  return join(parts.stateDir, "agent.log");
}

async function notStarted(parts: AgentServiceParts): Promise<HowdahError> {
  const text = await readFile(logFile(parts), "utf8").catch(() => "");
  return new HowdahError("machine/tool-failed", "The agent did not start", { output: text.trimEnd().split("\n") });
}

async function until(clock: Clock, ms: number, reached: () => Promise<boolean>, failure: () => Promise<HowdahError>): Promise<void> {
  const deadline = clock.now() + ms;
  while (!(await reached())) {
    if (clock.now() >= deadline) throw await failure();
    await clock.sleep(POLL_MS);
  }
}

/** The process of the pid file, if it lives and is a node: process ids come again after a reboot. */
async function livingPid(pidFile: string): Promise<number | undefined> {
  const pid = Number((await readFile(pidFile, "utf8").catch(() => "")).trim());
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return command.split("\0").includes("agent") ? pid : undefined;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
