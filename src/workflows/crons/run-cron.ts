import { randomBytes } from "node:crypto";
import type { EngineContext, LogLine } from "../../engine/engine.ts";
import type { JobRun } from "../../engine/jobs.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Ports, SiteRecord } from "../ports.ts";
import { plannedCrons } from "./planned-crons.ts";

const POLL_MS = 200;

/**
 * Runs a cron now, as the agent would: in the same container, with its timeout, its log and its lock against overlap. Lines are handed on
 * as they come; answers the program's exit code. When the signal fires, the run is ended.
 * Errors: `usage/invalid` naming the crons there are; `machine/busy` while it runs already; `site/down`.
 */
export async function runCron(
  given: { readonly record: SiteRecord; readonly name: string; readonly onLine: (line: LogLine) => void },
  ports: Pick<Ports, "engine" | "clock">,
  context: EngineContext,
): Promise<number> {
  const { namespace } = given.record;
  const crons = plannedCrons(given.record);
  const cron = crons.find((one) => one.cron.name === given.name);
  if (cron === undefined) {
    const names = crons.map((one) => one.cron.name).join(", ");
    throw new HowdahError("usage/invalid", `${namespace} has no cron ${JSON.stringify(given.name)}`, {
      hint: names === "" ? "Its site file names no crons." : `Its crons: ${names}.`,
    });
  }
  await ports.engine.ensureAwake(namespace, context);
  const { name, argv, timeoutSeconds, overlap } = cron.cron;
  const before = (await ports.engine.jobs.list(namespace)).find((run) => run.name === name && run.state.is === "running");
  if (overlap === "skip" && before !== undefined) {
    throw new HowdahError(
      "machine/busy",
      `The cron ${name} of ${namespace} is running already, since ${new Date(before.startedAt).toISOString()}`,
    );
  }
  const id = randomBytes(12).toString("hex");
  const following = new AbortController();
  const lines = follow(given, ports, { ...context, signal: following.signal });
  try {
    await ports.engine.jobs.start(cron.target, { id, name, argv, env: { HOWDAH_CRON: name }, timeoutSeconds }, context);
    return await ended(id, namespace, ports, context);
  } finally {
    following.abort();
    await lines;
  }
}

/** Hands on what is printed from now on; the last lines after the end too. */
async function follow(
  { record, name, onLine }: { readonly record: SiteRecord; readonly name: string; readonly onLine: (line: LogLine) => void },
  { engine }: Pick<Ports, "engine">,
  context: EngineContext,
): Promise<void> {
  const lines = engine.logs(record.namespace, { follow: true, tail: 0, container: `cron/${name}` }, context);
  for await (const line of lines) onLine(line);
}

async function ended(
  id: string,
  namespace: string,
  { engine, clock }: Pick<Ports, "engine" | "clock">,
  context: EngineContext,
): Promise<number> {
  for (;;) {
    const run = (await engine.jobs.list(namespace)).find((one) => one.id === id);
    if (run === undefined || run.state.is === "ended") return exitCodeOf(run);
    if (context.signal.aborted) {
      await engine.jobs.stop(id, "the command that started it was stopped");
      context.signal.throwIfAborted();
    }
    await clock.sleep(POLL_MS, context.signal).catch(() => undefined);
  }
}

function exitCodeOf(run: JobRun | undefined): number {
  if (run?.state.is !== "ended" || run.state.exitCode === null)
    throw new HowdahError("engine/crashed", "The cron ended, but nobody saw its exit code");
  return run.state.exitCode;
}
