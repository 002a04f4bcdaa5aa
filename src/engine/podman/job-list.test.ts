import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type JobCard, jobPaths, removeJob, writeCard } from "./job-files.ts";
import { jobList } from "./job-list.ts";

describe("the list of runs", () => {
  let directory = "";
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "howdah-job-list-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));
  const card: JobCard = { id: "a1", namespace: "blog", name: "jobs", pod: "p", container: "c", startedAt: Date.now(), timeoutSeconds: 5 };

  it("has the oldest first, without what was cut off before it began, of one site or of all, and forgets", async () => {
    const list = jobList(directory);
    const ids = async (namespace?: string): Promise<string[]> => (await list(namespace)).map(({ id }) => id);
    expect(await ids()).toEqual([]);
    await writeCard(directory, card);
    await writeCard(directory, { ...card, id: "a2", namespace: "shop", startedAt: card.startedAt - 5 });
    await writeCard(directory, { ...card, id: "a3" });
    await writeFile(jobPaths(directory, "a3").card, '{"id":');
    expect([await ids(), await ids("blog")]).toEqual([["a2", "a1"], ["a1"]]);
    await removeJob(directory, "a2");
    expect(await ids()).toEqual(["a1"]);
  });

  it("reads once how a run ended, and again and again one that goes on", async () => {
    const list = jobList(directory);
    const states = async (): Promise<string[]> => (await list()).map(({ state }) => state.is);
    const { card: file, watcher, exits } = await writeCard(directory, card);
    expect(await states()).toEqual(["running"]);
    await writeFile(watcher, "1999999999");
    await writeFile(join(exits, "c"), "0");
    expect(await states()).toEqual(["ended"]);
    await rm(file);
    expect(await states()).toEqual(["ended"]); // no look at its files
    await removeJob(directory, card.id);
    expect(await states()).toEqual([]);
  });
});
