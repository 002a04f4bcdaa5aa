import { mkdir, mkdtemp, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { edgeRunDirectory } from "./edge-ports.ts";
import { visits } from "./visits.ts";

const LONG_AGO = new Date("2026-01-02T03:04:05Z");
const LATER = new Date("2026-02-03T04:05:06Z");

describe("the last use of a namespace", () => {
  let runDir: string;
  const seen = (): string => join(edgeRunDirectory(runDir), "visits.blog");

  beforeEach(async () => {
    runDir = await mkdtemp(join(tmpdir(), "visits-"));
    await mkdir(edgeRunDirectory(runDir), { recursive: true });
  });
  afterEach(() => rm(runDir, { recursive: true }));

  it("is now for one of which nothing is known, and stays then", async () => {
    const first = await visits(runDir).last("blog");
    expect(first).toBeGreaterThan(LATER.getTime());
    expect(await visits(runDir).last("blog")).toBe(first);
  });

  it("is the later of a visit and a use of our own", async () => {
    await visits(runDir).touch("blog", LONG_AGO.getTime());
    expect(await visits(runDir).last("blog")).toBe(LONG_AGO.getTime());
    await writeFile(seen(), "$\n");
    await utimes(seen(), LATER, LATER);
    expect(await visits(runDir).last("blog")).toBe(LATER.getTime());
    await visits(runDir).touch("blog", LATER.getTime() + 5000);
    expect(await visits(runDir).last("blog")).toBe(LATER.getTime() + 5000);
    await visits(runDir).touch("blog", LONG_AGO.getTime());
    expect(await visits(runDir).last("blog")).toBe(LATER.getTime() + 5000);
  });

  it("does not change when the marks of many visits are thrown away", async () => {
    await visits(runDir).touch("blog", LONG_AGO.getTime());
    await writeFile(seen(), "$\n".repeat(200_000));
    await utimes(seen(), LATER, LATER);
    expect(await visits(runDir).last("blog")).toBe(LATER.getTime());
    expect((await stat(seen())).size).toBe(0);
    expect(await visits(runDir).last("blog")).toBe(LATER.getTime());
  });

  it("never follows a link that lies where the edge writes", async () => {
    await visits(runDir).touch("blog", LONG_AGO.getTime());
    const victim = join(runDir, "victim");
    await writeFile(victim, "x".repeat(500_000));
    await symlink(victim, seen());
    expect(await visits(runDir).last("blog")).toBe(LONG_AGO.getTime());
    expect((await stat(victim)).size).toBe(500_000);
  });
});
