import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { checkArchive } from "./check-archive.ts";
import { type PackedFile, packDirectory } from "./pack-directory.ts";

let root: string;
let files: readonly PackedFile[];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "howdah-check-"));
  await mkdir(join(root, "in/sites/shop"), { recursive: true });
  await writeFile(join(root, "in/sites/shop/large"), Buffer.alloc(300_000, 7));
  ({ files } = await packDirectory(join(root, "in"), join(root, "out.tar"), (all) => JSON.stringify(all)));
});
afterEach(() => rm(root, { recursive: true }));

it("takes an archive that holds what went in", async () => {
  await expect(checkArchive(join(root, "out.tar"), files)).resolves.toBeUndefined();
});

it("names what a flipped byte has hit", async () => {
  const handle = await open(join(root, "out.tar"), "r+");
  await handle.write(Buffer.from([8]), 0, 1, 200_000);
  await handle.close();
  await expect(checkArchive(join(root, "out.tar"), files)).rejects.toThrow("sites/shop/large is not what was written");
});

it("names what is missing", async () => {
  const more = [...files, { path: "sites/shop/database.sql.gz", bytes: 1, sha256: "0" }];
  await expect(checkArchive(join(root, "out.tar"), more)).rejects.toThrow("database.sql.gz is not in it");
});
