import { createHash } from "node:crypto";
import { appendFile, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cachedLayer, compressLayer, layerDirectory } from "./layer-cache.ts";

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "howdah-"));
});
afterEach(async () => {
  await rm(cache, { recursive: true, force: true });
});

const sha256 = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const tar = Buffer.from("a layer\n".repeat(1000));
const compress = (diffId = sha256(tar)): ReturnType<typeof compressLayer> => compressLayer(cache, diffId, Readable.from([tar]));

describe("layer cache", () => {
  it("keeps a compressed layer with its digest and size", async () => {
    const made = await compress();
    const bytes = await readFile(made.file);
    expect(gunzipSync(bytes).equals(tar)).toBe(true);
    expect([made.digest, made.size]).toEqual([sha256(bytes), bytes.length]);
    expect(await cachedLayer(cache, made.diffId)).toEqual(made);
  });

  it("writes a gzip header without name and time, so that the same layer has the same bytes", async () => {
    const { file } = await compress();
    expect((await readFile(file)).subarray(0, 10).toString("hex")).toBe("1f8b0800000000000003");
  });

  it("refuses bytes that are not the layer's and leaves nothing", async () => {
    await expect(compress(sha256(Buffer.from("other")))).rejects.toMatchObject({ code: "image/build-failed" });
    expect(await readdir(layerDirectory(cache))).toEqual([]);
  });

  it("does not take a file that is not as long as what was written", async () => {
    const { file, diffId } = await compress();
    await appendFile(file, "x");
    expect(await cachedLayer(cache, diffId)).toBeUndefined();
    expect(await cachedLayer(cache, sha256(Buffer.from("never seen")))).toBeUndefined();
  });
});
