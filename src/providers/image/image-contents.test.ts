import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ExportedImage } from "../image-builder.ts";
import { imageContents } from "./image-contents.ts";

let cacheDir: string;
beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), "howdah-contents-"));
});
afterEach(() => rm(cacheDir, { recursive: true, force: true }));

let opened = 0;

async function image(...layers: readonly Readonly<Record<string, string | Buffer>>[]): Promise<ExportedImage> {
  const packed = layers.map(async (files, index) => {
    const tar = pack();
    for (const [name, text] of Object.entries(files)) tar.entry({ name }, text);
    tar.finalize();
    const bytes = gzipSync(await buffer(tar));
    const open = () => {
      opened += 1;
      return Readable.from([bytes]);
    };
    return { mediaType: "", digest: "", size: bytes.length, diffId: `sha256:${String(index)}`, open };
  });
  const config = Buffer.from('{"architecture":"arm64","created":"2025-01-01T00:00:00.000Z"}');
  const blob = (bytes: Buffer) => ({ mediaType: "", digest: "sha256:m", size: bytes.length, bytes });
  return { manifest: blob(Buffer.of()), config: blob(config), layers: await Promise.all(packed) };
}

const stanza = (name: string, more = "") => `Package: ${name}\nVersion: 1\nArchitecture: arm64\n${more}`;
const copyright = (licence: string) =>
  `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: ${licence}\n`;

describe("what an image holds", () => {
  it("is read from its layers, the upper ones last", async () => {
    const contents = await imageContents(
      await image(
        {
          "etc/os-release": "ID=debian\nVERSION_ID=12\n",
          "var/lib/dpkg/status.d/b": stanza("bb", "Source: s\n"),
          "var/lib/dpkg/status.d/gone": stanza("gone"),
          "var/lib/dpkg/status.d/b.md5sums": "x",
          "usr/share/doc/aa/copyright": copyright("Expat"),
        },
        { "var/lib/dpkg/status.d/a": stanza("aa", "Source: s\n"), "var/lib/dpkg/status.d/.wh.gone": "", "srv/web/composer.lock": "{}" },
        { "srv/web/composer.lock": '{"packages":[]}' },
      ),
      { cacheDir },
    );
    expect(contents).toEqual({
      digest: "sha256:m",
      architecture: "arm64",
      created: "2025-01-01T00:00:00Z",
      distribution: { id: "debian", version: "12" },
      packages: [
        { name: "aa", version: "1", architecture: "arm64", source: { name: "s", version: "1" }, homepage: null, licences: ["Expat"] },
        // of the same source, and without a copyright file of its own
        { name: "bb", version: "1", architecture: "arm64", source: { name: "s", version: "1" }, homepage: null, licences: ["Expat"] },
      ],
      libraries: [{ path: "composer.lock", text: '{"packages":[]}' }],
    });
  });

  it("knows a whole status file, and a layer that hides a directory", async () => {
    const status = `${stanza("aa", "Status: install ok installed\n")}\n${stanza("bb", "Status: deinstall ok config-files\n")}`;
    const contents = await imageContents(
      await image({ "var/lib/dpkg/status": status, "srv/web/x/package-lock.json": "{}" }, { "srv/web/.wh..wh..opq": "" }),
      { cacheDir },
    );
    expect([contents.packages.map(({ name }) => name), contents.libraries]).toEqual([["aa"], []]);
  });

  it.each([
    ["srv/web/composer.lock", true],
    ["usr/share/howdah/code/sub/package-lock.json", true],
    ["srv/web/vendor/composer/installed.json", true],
    ["srv/web/3rdparty/composer/installed.json", true],
    ["srv/web/vendor/a/b/composer.lock", false],
    ["srv/web/node_modules/a/package-lock.json", false],
    ["usr/share/php/composer.lock", false],
  ])("takes %s for a list of the site's libraries: %s", async (path, expected) => {
    const { libraries } = await imageContents(await image({ [path]: "{}" }), { cacheDir });
    expect(libraries.length === 1).toBe(expected);
  });

  it("reads a large layer once", async () => {
    const { randomBytes } = await import("node:crypto");
    const large = await image({ "var/lib/dpkg/status.d/a": stanza("aa"), filler: randomBytes(200_000) });
    opened = 0;
    const first = await imageContents(large, { cacheDir });
    expect(await imageContents(large, { cacheDir })).toEqual(first);
    expect([opened, await readdir(join(cacheDir, "layers"))]).toEqual([1, ["0.facts-1.json"]]);
  });
});
