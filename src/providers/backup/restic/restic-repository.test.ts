import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Secret } from "../../../kernel/secret.ts";
import { resticRepositoryOf } from "./restic-repository.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "t-restic-"));
  await writeFile(join(directory, "restic"), `#!/bin/sh\necho "$@" >>${directory}/said\n`);
  await chmod(join(directory, "restic"), 0o755);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it("forgets any number of parts: more than a program takes as arguments, and frees their space once", async () => {
  const clock = { now: () => 0, sleep: async () => undefined };
  const repository = resticRepositoryOf(
    { location: { kind: "directory", path: "/store" }, password: new Secret("p", "a test"), keys: null },
    { clock, path: `${directory}:/bin:/usr/bin`, home: directory, cache: directory },
  );
  const ids = Array.from({ length: 1200 }, (_, at) => String(at).padStart(64, "0"));
  await repository.forget(ids, { prune: true }, new AbortController().signal);
  const runs = (await readFile(join(directory, "said"), "utf8")).trim().split("\n");
  expect(runs.map((line) => line.split(" ").filter((word) => /^\d{64}$/.test(word)).length)).toEqual([500, 500, 200]);
  expect(runs.map((line) => line.includes("--prune"))).toEqual([false, false, true]);
  expect(runs.flatMap((line) => line.split(" ").filter((word) => /^\d{64}$/.test(word)))).toEqual(ids);
});
