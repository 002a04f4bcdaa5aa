import { describe, expect, it } from "vitest";
import { parseManifest, selectPlatform } from "./manifest.ts";

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const blob = (letter: string): object => ({ mediaType: "x/y", digest: digest(letter), size: 5 });
const on = (letter: string, architecture: string, variant?: string, os = "linux"): object => ({
  ...blob(letter),
  platform: { architecture, os, ...(variant === undefined ? {} : { variant }) },
});
const list = (...manifests: object[]): string => JSON.stringify({ schemaVersion: 2, manifests });

describe("parseManifest", () => {
  it("tells images from lists", () => {
    const image = parseManifest(
      JSON.stringify({ schemaVersion: 2, config: blob("a"), layers: [blob("b")], annotations: { any: "thing" } }),
    );
    expect(image).toMatchObject({ kind: "image", config: { digest: digest("a") }, layers: [{ digest: digest("b") }] });
    expect(parseManifest(list(blob("c")))).toMatchObject({ kind: "index" });
  });

  it.each([
    "{",
    "null",
    "{}",
    JSON.stringify({ schemaVersion: 1, config: blob("a"), layers: [blob("b")] }),
    JSON.stringify({ schemaVersion: 2, config: blob("a"), layers: [] }),
    JSON.stringify({ schemaVersion: 2, config: { ...blob("a"), digest: "sha256:../../x" }, layers: [blob("b")] }),
    JSON.stringify({ schemaVersion: 2, config: { ...blob("a"), size: -1 }, layers: [blob("b")] }),
  ])("says why %s is none", (text) => {
    expect(parseManifest(text)).toEqual(expect.stringContaining("manifest"));
  });
});

describe("selectPlatform", () => {
  it.each([
    ["takes the machine's", list(on("a", "arm64"), on("b", "amd64")), "amd64", "b"],
    ["takes the plain one before variants", list(on("a", "amd64", "v3"), on("b", "amd64")), "amd64", "b"],
    ["takes arm64's usual variant", list(on("a", "arm64", "v9"), on("b", "arm64", "v8")), "arm64", "b"],
    ["takes no other system's", list(on("a", "amd64", undefined, "windows")), "amd64", undefined],
    ["takes no attestation", list(on("a", "unknown", undefined, "unknown"), on("b", "amd64")), "amd64", "b"],
  ])("%s", (_name, text, architecture, letter) => {
    const parsed = parseManifest(text);
    if (typeof parsed === "string" || parsed.kind !== "index") throw new Error("no index");
    expect(selectPlatform(parsed.manifests, architecture)?.digest).toBe(letter === undefined ? undefined : digest(letter));
  });
});
