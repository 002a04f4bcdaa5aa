import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { copySourceFile, copySourceFileSync, readSourceFile, readSourceFileSync } from "./open-source-file.ts";

let root = "";
let file = "";
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "howdah-source-")));
  for (const place of ["code/lib", "private"]) mkdirSync(join(root, place), { recursive: true });
  file = join(root, "code", "lib", "a.php");
  writeFileSync(file, "code");
  writeFileSync(join(root, "private", "a.php"), "key");
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

describe.each([
  { name: "read", read: readSourceFile },
  { name: "read at once", read: async (from: string) => readSourceFileSync(from) },
  {
    name: "copied",
    read: async (from: string) => {
      await copySourceFile(from, join(root, "copy"));
      return readFileSync(join(root, "copy"));
    },
  },
  {
    name: "copied at once",
    read: async (from: string) => {
      copySourceFileSync(from, join(root, "copy"));
      return readFileSync(join(root, "copy"));
    },
  },
])("a file that is $name", ({ read }) => {
  it("gives its bytes, also when another has been saved over it", async () => {
    writeFileSync(join(root, "code", "new"), "new code");
    renameSync(join(root, "code", "new"), file);
    expect(String(await read(file))).toBe("new code");
  });

  it.each<[string, () => void]>([
    [
      "a link has taken its place",
      () => {
        rmSync(file);
        symlinkSync(join(root, "private", "a.php"), file);
      },
    ],
    [
      "a link has taken the place of its directory",
      () => {
        rmSync(join(root, "code"), { recursive: true });
        mkdirSync(join(root, "code"));
        symlinkSync(join(root, "private"), join(root, "code", "lib"));
      },
    ],
    [
      "a pipe has taken its place",
      () => {
        rmSync(file);
        execFileSync("mkfifo", [file]);
      },
    ],
    ["it is gone", () => rmSync(file)],
  ])("is gone when %s", async (_what, happens) => {
    happens();
    await expect(read(file)).rejects.toMatchObject({ code: "ENOENT" });
  });
});
