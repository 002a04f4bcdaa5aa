import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, type Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { extract, type Header } from "tar-stream";
import { run } from "../process.ts";
import { packDirectory } from "./pack-directory.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "t-pack-"));
});
afterEach(() => rm(directory, { recursive: true }));

async function packed(root: string): Promise<Record<string, string>> {
  const archive = new PassThrough();
  const unpacked = extract();
  archive.pipe(unpacked);
  const done = packDirectory(root, archive, new AbortController().signal).then(() => archive.end());
  const found: Record<string, string> = {};
  for await (const given of unpacked) {
    const entry = given as unknown as Readable & { readonly header: Header };
    found[entry.header.name] = await text(entry);
  }
  await done;
  return found;
}

it("packs plain files, and neither follows links nor waits for pipes", async () => {
  await mkdir(join(directory, "root/2026"), { recursive: true });
  await mkdir(join(directory, "root/.howdah"));
  await writeFile(join(directory, "secret"), "of others");
  await writeFile(join(directory, "root/2026/page.txt"), "a page");
  await writeFile(join(directory, "root/empty"), "");
  await writeFile(join(directory, "root/.howdah/seeded"), "");
  await symlink("../secret", join(directory, "root/link"));
  await symlink("..", join(directory, "root/out"));
  await run(["mkfifo", join(directory, "root/pipe")]);
  expect(await packed(join(directory, "root"))).toEqual({ "2026/page.txt": "a page", empty: "" });
});

it("packs large files whole", async () => {
  const digits = "0123456789".repeat(100_000);
  await writeFile(join(directory, "large"), digits);
  expect((await packed(directory))["large"]).toBe(digits);
});
