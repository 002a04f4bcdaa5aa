import type { JobRun } from "../jobs.ts";
import { jobIds, readCard, readRun } from "./job-files.ts";

/**
 * Lists the runs below `runDir`, oldest first, of one namespace or of all. How a run ended never changes, so that is read once: the
 * scheduler lists a minute's thousand ended runs again at each start.
 */
export function jobList(runDir: string): (namespace?: string) => Promise<readonly JobRun[]> {
  const ended = new Map<string, JobRun>();
  const read = async (id: string): Promise<JobRun | undefined> => {
    const before = ended.get(id);
    if (before !== undefined) return before;
    const card = await readCard(runDir, id);
    if (card === undefined) return undefined;
    const run = await readRun(runDir, card);
    if (run.state.is === "ended" && run.state.exitCode !== null) ended.set(id, run);
    return run;
  };
  return async (namespace) => {
    const ids = await jobIds(runDir);
    const there = new Set(ids);
    for (const id of ended.keys()) if (!there.has(id)) ended.delete(id);
    const runs = (await Promise.all(ids.map(read))).filter((run) => run !== undefined);
    return runs.filter((run) => namespace === undefined || run.namespace === namespace).toSorted((a, b) => a.startedAt - b.startedAt);
  };
}
