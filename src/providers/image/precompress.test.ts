import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { precompress } from "./precompress.ts";

describe("precompress", () => {
  const made: string[] = [];
  afterAll(async () => {
    for (const directory of made) await rm(directory, { recursive: true });
  });
  const compress = async (content: string) => {
    const cache = await mkdtemp(join(tmpdir(), "howdah-precompress-"));
    made.push(cache);
    const sha256 = createHash("sha256").update(content).digest("hex");
    const file = { path: "a.js", type: "file", executable: false, size: content.length, sha256, from: { content } } as const;
    const copies = await precompress([file], cache, { onProgress: () => undefined });
    const kept = (await readdir(join(cache, "compressed"))).map((name) => name.replace(sha256, "HASH")).sort();
    return { copies, kept };
  };

  it.each([
    ["at the highest quality what pages load", 2000, ["HASH.11.br", "HASH.9.gz"]],
    ["an editor's script, too", 900_000, ["HASH.11.br", "HASH.9.gz"]],
    ["giants faster", 4 * 1024 * 1024 + 1, ["HASH.9.br", "HASH.9.gz"]],
  ])("compresses %s", async (_name, size, names) => {
    const content = "x".repeat(size);
    const { copies, kept } = await compress(content);
    expect(kept).toEqual(names);
    const [br, gz] = await Promise.all(copies.map(({ read }) => read()));
    expect(copies.map(({ path }) => path)).toEqual(["a.js.br", "a.js.gz"]);
    expect(brotliDecompressSync(br ?? "").toString()).toBe(content);
    expect(gunzipSync(gz ?? "").toString()).toBe(content);
  });

  it("leaves out copies that are hardly smaller", async () => {
    const noise = Array.from({ length: 60 }, (_, index) => createHash("sha512").update(String(index)).digest("base64")).join("");
    expect((await compress(noise)).copies.filter(({ size }) => size >= noise.length * 0.9)).toEqual([]);
  });
});
