import { describe, expect, it } from "vitest";
import type { Event } from "../../kernel/event.ts";
import type { ImageContents } from "../../kernel/image-contents.ts";
import type { ExportedImage } from "../../providers/image-builder.ts";
import type { Site } from "../../site/site.ts";
import type { Ports } from "../ports.ts";
import type { PreparedImages } from "../up/prepare-images.ts";
import { type BilledImage, billedImagesOf, billOfMaterials } from "./bill-of-materials.ts";

const locks = [
  { path: "composer.lock", text: '{"packages":[{"name":"a/php","version":"1"}]}' },
  { path: "package-lock.json", text: '{"packages":{"node_modules/js":{"version":"2.0.0"}}}' },
];
const digestOf = (reference: string) => `sha256:${Buffer.from(reference).toString("hex").padEnd(64, "0").slice(0, 64)}`;

function rig(
  kind: "php" | "static",
  options: { readonly image?: string; readonly libraries?: ImageContents["libraries"]; readonly packages?: boolean } = {},
) {
  const events: Event[] = [];
  const hasPhp = kind === "php";
  const site = { name: "blog", runtime: hasPhp ? { image: options.image ?? null } : null } as unknown as Site;
  const images = {
    lock: { lockVersion: 1, images: [], foreign: [{ reference: "docker.io/library/php:8.4-fpm", digest: `sha256:${"fe".repeat(32)}` }] },
    web: "nginx:base",
    php: hasPhp ? "php:base" : null,
    edge: "nginx:edge",
    database: null,
    site: { web: { reference: "web:1" }, php: hasPhp ? { reference: "php:1" } : null, codeDigest: `sha256:${"cc".repeat(32)}` },
  } as unknown as PreparedImages;
  const contents = async ({ manifest: { digest } }: ExportedImage): Promise<ImageContents> => ({
    digest,
    architecture: "amd64",
    created: "2025-01-01T00:00:00Z",
    distribution: null,
    packages:
      options.packages === false
        ? []
        : [{ name: "zlib1g", version: "1", architecture: "amd64", source: { name: "zlib", version: "1" }, homepage: null, licences: [] }],
    libraries: digest === digestOf("php:1") ? (options.libraries ?? locks) : [],
  });
  const exported = async (reference: string) => ({ manifest: { digest: digestOf(reference) } }) as unknown as ExportedImage;
  const ports = {
    images: { contents },
    files: { read: async (path: string) => (path === "/code/package-lock.json" ? locks[1]?.text : undefined) },
  };
  const given = { site, source: "/code", images, version: "1.2.3", exported };
  const context = { emit: (event: Event) => events.push(event), signal: new AbortController().signal };
  const bill = (name: BilledImage) => billOfMaterials(name, given, ports as unknown as Ports, context);
  const names = async (name: BilledImage) => (await bill(name)).packages.map((one) => one.name);
  return { given, bill, names, events };
}

describe("the bill of materials of a site's image", () => {
  it("lists composer's libraries for PHP alone, npm's for both, as assets are made of them", async () => {
    const { names } = rig("php");
    expect(await names("php")).toEqual(["blog-php", "howdah-php", "blog", "zlib1g", "a/php", "js"]);
    expect(await names("web")).toEqual(["blog-web", "howdah-nginx", "blog", "zlib1g", "js"]);
  });

  it("takes a static site's libraries from its tree, as its image may not hold the list", async () => {
    expect(await rig("static").names("web")).toEqual(["blog-web", "howdah-nginx", "blog", "zlib1g", "js"]);
  });

  it("names a base of somebody else by the digest that is pinned", async () => {
    const bill = await rig("php", { image: "php:8.4-fpm" }).bill("php");
    expect(bill.packages.find(({ SPDXID }) => SPDXID === "SPDXRef-Base")).toMatchObject({
      name: "php",
      versionInfo: `sha256:${"fe".repeat(32)}`,
      externalRefs: [{ referenceLocator: expect.stringContaining("repository_url=docker.io%2Flibrary%2Fphp") as unknown }],
    });
  });

  it("has of a base only what is in it", async () => {
    const { names } = rig("php");
    expect([await names("php-base"), await names("web-base")]).toEqual([
      ["howdah-php", "zlib1g"],
      ["howdah-nginx", "zlib1g"],
    ]);
  });

  it("says what it could not read", async () => {
    const { bill, events } = rig("php", { libraries: [{ path: "x/composer.lock", text: "{" }], packages: false });
    await bill("php");
    expect(events).toMatchObject([
      { type: "notice", level: "warning", message: expect.stringContaining("x/composer.lock is damaged") as unknown },
      { type: "notice", level: "warning", message: expect.stringContaining("no records of Debian packages") as unknown },
    ]);
  });

  it("names the images that there are when another is asked for", async () => {
    const { bill, given } = rig("static");
    expect(billedImagesOf(given)).toEqual(["web", "web-base"]);
    await expect(bill("php")).rejects.toMatchObject({ code: "usage/invalid", message: "blog has no image php: it has web, web-base" });
  });
});
