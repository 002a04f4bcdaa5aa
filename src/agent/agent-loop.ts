import type { Engine, EngineContext } from "../engine/engine.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Event } from "../kernel/event.ts";
import type { StructuredLog } from "../kernel/structured-log.ts";
import { HowdahError } from "../kernel/howdah-error.ts";

/** What the agent is made of. Other periodic work (crons, certificates) comes as further tasks. */
export interface AgentParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: StructuredLog;
  /** A number in [0, 1): spreads the passes of many machines. */
  readonly random: () => number;
}

/** Between two passes. */
const PERIOD_MS = 2000;
/** Part of a period that is random. */
const JITTER = 0.2;
/** Longest pause after passes that failed. */
const MAX_PAUSE_MS = 60_000;

/**
 * Keeps the sites of a machine as they should be: one healing pass after another until the signal.
 * Never ends on an error: it says so, waits longer each time, and goes on.
 */
export async function agentLoop(parts: AgentParts): Promise<void> {
  const { clock, signal, log } = parts;
  log({ level: "info", msg: "agent started" });
  let failures = 0;
  while (!signal.aborted) {
    failures = (await pass(parts)) ? 0 : failures + 1;
    await clock.sleep(pauseMs(failures, parts.random()), signal).catch(() => {});
  }
  log({ level: "info", msg: "agent stopped" });
}

/** Milliseconds until the next pass: the period, doubled with every failure in a row, with jitter. */
export function pauseMs(failures: number, random: number): number {
  const pause = Math.min(MAX_PAUSE_MS, PERIOD_MS * 2 ** failures);
  return Math.round(pause * (1 - JITTER / 2 + JITTER * random));
}

async function pass({ engine, signal, log }: AgentParts): Promise<boolean> {
  const context: EngineContext = { signal, emit: (event) => logEvent(event, log) };
  try {
    for (const action of await engine.heal(context)) log({ level: "info", msg: "healed", action });
    return true;
  } catch (error) {
    if (signal.aborted) return true;
    log(failureLine(error));
    return false;
  }
}

function logEvent(event: Event, log: StructuredLog): void {
  if (event.type === "notice") log({ level: event.level, msg: "notice", notice: event.message });
}

function failureLine(error: unknown): Parameters<StructuredLog>[0] {
  if (error instanceof HowdahError) {
    return { level: "error", msg: "healing failed", code: error.code, error: error.message, output: error.output.slice(-5) };
  }
  const stack = error instanceof Error ? error.stack : String(error);
  return { level: "error", msg: "healing failed", code: "bug", stack };
}
