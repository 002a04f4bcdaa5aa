import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { extract } from "tar-stream";
import { afterEach, beforeEach, expect, it } from "vitest";
import { packDirectory } from "./pack-directory.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "howdah-pack-"));
});
afterEach(() => rm(root, { recursive: true }));

it("packs every file with its checksum, and the manifest last", async () => {
  const directory = join(root, "in");
  await mkdir(join(directory, "sites/shop/files/empty"), { recursive: true });
  await writeFile(join(directory, "sites/shop/ä b.txt"), "words");
  await writeFile(join(directory, "sites/shop/large"), Buffer.alloc(300_000, 7));
  await writeFile(join(directory, "sites/shop/nothing"), "");
  const { files, bytes } = await packDirectory(directory, join(root, "out.tar"), (all) => JSON.stringify(all));
  expect(bytes).toBeGreaterThan(300_000);
  const seen: { name: string; sha256: string; bytes: number }[] = [];
  const archive = extract();
  createReadStream(join(root, "out.tar")).pipe(archive);
  let last = "";
  for await (const entry of archive) {
    const content = await buffer(entry);
    last = content.toString();
    const { name } = (entry as unknown as { header: { name: string } }).header;
    seen.push({ name, sha256: createHash("sha256").update(content).digest("hex"), bytes: content.length });
  }
  expect(seen.map(({ name }) => name)).toEqual([
    ...["sites/", "sites/shop/", "sites/shop/files/", "sites/shop/files/empty/"],
    ...["sites/shop/large", "sites/shop/nothing", "sites/shop/ä b.txt", "manifest.json"],
  ]);
  expect(JSON.parse(last)).toEqual(files);
  for (const { path, sha256, bytes: size } of files)
    expect(seen.find(({ name }) => name === path)).toEqual({ name: path, sha256, bytes: size });
});

it("does not write over a file", async () => {
  await writeFile(join(root, "out.tar"), "there");
  await expect(packDirectory(root, join(root, "out.tar"), () => "")).rejects.toMatchObject({ code: "EEXIST" });
});
