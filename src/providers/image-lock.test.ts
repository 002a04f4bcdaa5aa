import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { emptyLock, type Lock, lockedImageFor, parseLock, printLock } from "./image-lock.ts";

const entry = (name: string) => ({
  name,
  version: "1:2.3-4+deb13u1~x",
  architecture: "amd64",
  archive: "debian" as const,
  path: `pool/main/a/${name}_2.3-4%2bdeb13u1_amd64.deb`,
  size: 10,
  sha256: "0a".repeat(32),
});
const lock: Lock = {
  lockVersion: 1,
  images: [
    {
      request: { kind: "php", version: "8.4", extensions: ["gd", "intl"], flavour: "slim", packages: [] },
      suite: "trixie",
      architecture: "amd64",
      packages: [entry("zlib1g"), entry("libc6")],
    },
    { request: { kind: "nginx", modules: [] }, suite: "trixie", architecture: "amd64", packages: [] },
  ],
};

describe("lock file", () => {
  it("is read as it was printed, and printed the same again", () => {
    const text = printLock(lock);
    const read = parseLock(text);
    expect(read.diagnostics).toEqual([]);
    expect(printLock(read.lock ?? emptyLock)).toBe(text);
    const foreign = [{ reference: "docker.io/library/php:8.4-fpm", digest: `sha256:${"a".repeat(64)}` }];
    expect(parseLock(printLock({ ...emptyLock, foreign })).lock).toEqual({ ...emptyLock, foreign });
    expect(printLock(emptyLock)).toBe('{\n  "lockVersion": 1,\n  "images": []\n}\n');
  });

  it("has one package a line, sorted, so that version control shows what changed", () => {
    const lines = printLock(lock).split("\n");
    expect(lines.filter((line) => line.includes('"sha256"')).map((line) => /"name":"([^"]+)"/.exec(line)?.[1])).toEqual([
      "libc6",
      "zlib1g",
    ]);
  });

  it("finds an image whatever order its wishes are in, for the right architecture only", () => {
    const request = { kind: "php", version: "8.4", extensions: ["intl", "gd", "gd"], flavour: "slim", packages: [] } as const;
    expect(lockedImageFor(lock, request, "amd64")?.packages).toHaveLength(2);
    expect(lockedImageFor(lock, request, "arm64")).toBeUndefined();
    expect(lockedImageFor(lock, { ...request, version: "8.2" }, "amd64")).toBeUndefined();
  });

  it.each([
    ["", "JSON"],
    ["{", "JSON"],
    ["[]", "expected object"],
    ['{"lockVersion":2,"images":[]}', "newer Howdah"],
    ['{"lockVersion":1}', "expected array"],
    [printLock(lock).replace("pool/main/a/libc6", "pool/../../etc/libc6"), "Invalid"],
    [printLock(lock).replace("pool/main/a/libc6", "http://host/libc6"), "Invalid"],
    [printLock(lock).replace("0a0a", "zzzz"), "Invalid"],
    [printLock(lock).replace('"8.4"', '"8.3"'), "Invalid option"],
  ])("explains a damaged file: %j", (text, words) => {
    const { lock: read, diagnostics } = parseLock(text);
    expect(read).toBeUndefined();
    expect(diagnostics[0]?.message).toContain(words);
    expect(diagnostics[0]?.hint).toContain("howdah pin");
  });

  it("never throws, whatever it is given", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        parseLock(text);
      }),
    );
  });
});
