import { describe, expect, it } from "vitest";
import { archiveTags, formerParts, newestParts } from "./archive-parts.ts";

const { signal } = new AbortController();
const segment = (timeline: string) => ({ timeline, files: [], from: "", to: "", ended: null });
const part = (id: string, timeline: string) => ({
  id,
  time: "",
  tags: ["binlogs=mariadb-11-8", `timeline=${timeline}`],
  paths: ["/spool"],
});

/** A store that two machines share, whose servers have the same name. */
const stored = [part("a1", "a"), part("b1", "b"), part("a2", "a"), part("b2", "b")];
const repository = { list: async (tags: readonly string[]) => stored.filter((one) => tags.every((tag) => one.tags.includes(tag))) };

describe("parts of binlogs in a store that machines share", () => {
  it("say whose they are", () => {
    expect(archiveTags({ server: "s", segments: [segment("old"), segment("new")] })).toEqual(["binlogs=s", "timeline=new"]);
  });

  it("are forgotten by the machine that made them alone, and never the newest", async () => {
    const of = (timeline: string, newest: string | null) =>
      formerParts({ server: "mariadb-11-8", segments: [segment("recovered"), segment(timeline)], part: newest }, repository, signal);
    expect(await of("a", "a2")).toEqual(["a1"]);
    expect(await of("b", "b2")).toEqual(["b1"]);
    expect(await of("c", "c1")).toEqual([]);
    expect(await of("a", null)).toEqual([]);
  });

  it("are chosen by the backups that they continue, not because another machine's is newer", () => {
    const ids = (...timelines: string[]) => newestParts(stored, new Set(timelines)).map(({ id }) => id);
    expect(ids("a")).toEqual(["a2"]);
    expect(ids("b")).toEqual(["b2"]);
    expect(ids()).toEqual(["b2"]);
  });
});
