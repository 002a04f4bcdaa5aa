import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { contentHash } from "../content-hash.ts";
import { type SiteEntry, WHOLE_BYTES } from "../site-tree.ts";
import { placeTree } from "./place-tree.ts";

let base = "";
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "howdah-place-")));
  for (const name of ["code", "disk/copy"]) mkdirSync(join(base, name), { recursive: true });
  symlinkSync(join(base, "disk"), join(base, "state")); // people put the state directory elsewhere
});
afterEach(() => {
  rmSync(base, { recursive: true });
});

const place = async (size: number): Promise<Map<string, SiteEntry>> => {
  const file = join(base, "code", "a.php");
  const placed = new Map<string, SiteEntry>();
  const entry = { path: "a.php", type: "file", executable: true, size, sha256: "", from: { file } } as const;
  await placeTree(placed, { write: [entry], remove: [] }, { root: join(base, "state", "copy"), part: join(base, "state", "part") });
  return placed;
};

it.each([10, WHOLE_BYTES + 1])("places a file of %i bytes with the hash of what it wrote", async (size) => {
  const bytes = Buffer.alloc(size, "x");
  writeFileSync(join(base, "code", "a.php"), bytes);
  expect((await place(size)).get("a.php")).toMatchObject({ sha256: contentHash(bytes) });
  const there = join(base, "disk", "copy", "a.php");
  expect(readFileSync(there).equals(bytes)).toBe(true);
  expect(statSync(there).mode & 0o777).toBe(0o755);
});

it.each([10, WHOLE_BYTES + 1])("places nothing for a file of %i bytes that a link has replaced since the tree was read", async (size) => {
  writeFileSync(join(base, "key"), Buffer.alloc(size, "k"));
  symlinkSync(join(base, "key"), join(base, "code", "a.php"));
  await expect(place(size)).rejects.toMatchObject({ code: "ENOENT" });
  expect(statSync(join(base, "disk", "copy", "a.php"), { throwIfNoEntry: false })).toBeUndefined();
});
