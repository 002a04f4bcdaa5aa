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

function repositoryOfTest() {
  const clock = { now: () => 0, sleep: async () => undefined };
  return resticRepositoryOf(
    { location: { kind: "directory", path: "/store" }, password: new Secret("p", "a test"), keys: null },
    { clock, path: `${directory}:/bin:/usr/bin`, home: directory, cache: directory },
  );
}

it("forgets any number of parts: more than a program takes as arguments, and frees their space once", async () => {
  const repository = repositoryOfTest();
  const ids = Array.from({ length: 1200 }, (_, at) => String(at).padStart(64, "0"));
  await repository.forget(ids, { prune: true }, new AbortController().signal);
  const runs = (await readFile(join(directory, "said"), "utf8")).trim().split("\n");
  expect(runs.map((line) => line.split(" ").filter((word) => /^\d{64}$/.test(word)).length)).toEqual([500, 500, 200]);
  expect(runs.map((line) => line.includes("--prune"))).toEqual([false, false, true]);
  expect(runs.flatMap((line) => line.split(" ").filter((word) => /^\d{64}$/.test(word)))).toEqual(ids);
});

it("saves only once nobody locks the store alone: locks of the dead go, and nothing is fed to a program that is refused", async () => {
  // A clean-up was killed: its lock stays until somebody removes it.
  const refused = `[ -e ${directory}/locked ] && { echo "Fatal: unable to create lock in backend: repository is already locked exclusively" >&2; exit 1; }`;
  const words = `case " $* " in *" unlock "*) rm -f ${directory}/locked; exit 0;; esac`;
  const saved = `case " $* " in *" backup "*) cat >${directory}/fed; echo '{"snapshot_id":"s"}';; esac`;
  await writeFile(join(directory, "restic"), `#!/bin/sh\necho "$@" >>${directory}/said\n${words}\n${refused}\n${saved}\nexit 0\n`);
  await writeFile(join(directory, "locked"), "");
  const part = await repositoryOfTest().save(
    { name: "a.sql", tags: [] },
    async (sink) => void sink.write("whole"),
    new AbortController().signal,
  );
  expect([part.id, await readFile(join(directory, "fed"), "utf8")]).toEqual(["s", "whole"]);
});

it("gives up after a while when another command goes on to lock the store alone", async () => {
  await writeFile(
    join(directory, "restic"),
    `#!/bin/sh\n[ "$5" = unlock ] || { echo "repository is already locked exclusively" >&2; exit 1; }\n`,
  );
  let produced = false;
  const saving = repositoryOfTest().save({ name: "a.sql", tags: [] }, async () => void (produced = true), new AbortController().signal);
  await expect(saving).rejects.toMatchObject({ code: "machine/busy" });
  expect(produced).toBe(false);
});
