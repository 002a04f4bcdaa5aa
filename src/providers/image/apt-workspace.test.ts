import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { mirrorSources } from "./apt-sources.ts";
import { prepareApt } from "./apt-workspace.ts";

const directory = await mkdtemp(join(tmpdir(), "howdah-apt-"));
afterAll(() => rm(directory, { recursive: true, force: true }));

it("never shows apt of another process a file that is not whole", async () => {
  const prepare = () => prepareApt(directory, "trixie", mirrorSources("http://mirror.example/debian"), "index");
  const { config } = await prepare();
  const files = [config, join(directory, "trixie/etc/debian.sources")];
  const whole = await Promise.all(files.map((file) => readFile(file, "utf8")));
  const seen = new Set<string>();
  const done = new AbortController();
  const look = async (file: string): Promise<void> => {
    while (!done.signal.aborted) seen.add(await readFile(file, "utf8").catch(String));
  };
  const looks = [...files, ...files].map(look);
  for (let n = 0; n < 100; n += 1) await Promise.all([prepare(), prepare(), prepare()]);
  done.abort();
  await Promise.all(looks);
  expect([...seen].sort()).toEqual([...whole].sort());
});
