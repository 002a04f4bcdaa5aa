import type { JobRun } from "../../engine/jobs.ts";
import type { CronOutcome } from "../ports.ts";

/** What is remembered of a run that has ended; undefined while it goes on. */
export function cronOutcome(run: JobRun): CronOutcome | undefined {
  const { state, planned } = run;
  if (state.is === "running") return undefined;
  return {
    run: run.id,
    planned: planned === undefined ? null : new Date(planned).toISOString(),
    startedAt: new Date(run.startedAt).toISOString(),
    seconds: state.exitCode === null ? null : Math.max(0, Math.round((state.endedAt - run.startedAt) / 100) / 10),
    exitCode: state.exitCode,
    ...judged(state),
  };
}

function judged(state: Extract<JobRun["state"], { is: "ended" }>): Pick<CronOutcome, "result" | "why"> {
  if (state.stopped !== undefined) return { result: "stopped", why: state.stopped };
  if (state.exitCode === null) return { result: "lost", why: "nobody saw its end" };
  return { result: state.exitCode === 0 ? "succeeded" : "failed" };
}
