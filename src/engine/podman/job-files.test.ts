import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cronLog, cronLogs, type JobCard, readRun, writeCard, writeWhy } from "./job-files.ts";

describe("what is written down of a run", () => {
  let directory = "";
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "howdah-jobs-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));
  const card: JobCard = { id: "a1", namespace: "blog", name: "jobs", pod: "p", container: "c", startedAt: Date.now(), timeoutSeconds: 5 };

  it("says that it starts, until its watcher is known", async () => {
    await writeCard(directory, card);
    expect((await readRun(directory, card)).state).toEqual({ is: "running", elapsedMs: 0 });
    await writeCard(directory, { ...card, startedAt: 0 });
    expect((await readRun(directory, { ...card, startedAt: 0 })).state).toMatchObject({ is: "ended", exitCode: null });
  });

  it("takes for its end no file that is still being written", async () => {
    const { watcher, exits } = await writeCard(directory, card);
    await writeFile(watcher, "1999999999");
    await writeFile(join(exits, "c.LLEMZ3"), "0");
    expect((await readRun(directory, card)).state).toMatchObject({ is: "ended", exitCode: null });
  });

  it("says how it ended, and why it was stopped", async () => {
    const { watcher, exits } = await writeCard(directory, card);
    await writeFile(watcher, "1999999999");
    await writeFile(join(exits, "c"), "143");
    await writeWhy(directory, card.id, "enough");
    expect((await readRun(directory, card)).state).toMatchObject({ is: "ended", exitCode: 143, stopped: "enough" });
  });

  it("says that nobody saw the end when the watcher is gone, or its number is another process's", async () => {
    const { watcher } = await writeCard(directory, card);
    for (const pid of ["1999999999", String(process.pid)]) {
      await writeFile(watcher, pid);
      expect((await readRun(directory, card)).state).toMatchObject({ is: "ended", exitCode: null });
    }
  });

  it("puts a long log away, and ends a line that a run left open", async () => {
    const path = await cronLog(directory, "jobs");
    await writeFile(path, "T1 stdout F one\nT2 stdout P two\nT3 stderr P three\nT4 stderr F \n");
    await cronLog(directory, "jobs");
    expect((await readFile(path, "utf8")).split("\n").slice(-2)).toEqual(["T2 stdout F ", ""]);
    await appendFile(path, `T5 stdout F ${"x".repeat(1024 * 1024)}\n`);
    await cronLog(directory, "jobs");
    expect((await cronLogs(directory)).map((log) => [log.name, log.path.slice(directory.length)])).toEqual([["jobs", "/crons/jobs.log.1"]]);
  });
});
