import { createHash, generateKeyPairSync } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { descriptorsIn, type Descriptor, layeredImage, SIGNATURE_ANNOTATION } from "../../providers/attestation/artifact.ts";
import { openSigningKey, type SigningKey } from "../../providers/attestation/signing-key.ts";
import { type FetchedDocument, LONGEST_DOCUMENT, type Registry } from "../../providers/registry/registry.ts";
import type { SpdxDocument } from "../../render/sbom/spdx.ts";
import { attachDocuments } from "./attach-documents.ts";
import { verifyImage } from "./verify-image.ts";

const repository = { registry: "registry.example.org", path: "team/blog/php" };
const call = { progress: () => undefined, notice: () => undefined, signal: new AbortController().signal };
const image: Descriptor = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: `sha256:${"ab".repeat(32)}`, size: 100 };
const tag = image.digest.replace(":", "-");
const documents = {
  sbom: { spdxVersion: "SPDX-2.3", packages: [{}, {}] } as unknown as SpdxDocument,
  provenance: {
    buildDefinition: {
      internalParameters: { dirty: false },
      resolvedDependencies: [{ uri: "git+https://x", digest: { gitCommit: "c0ffee" } }],
    },
    runDetails: { builder: { id: "https://howdah.dev/builder/v1" } },
  },
};

/** A registry in memory: manifests by tag and digest, blobs by digest, and what was sent to it. */
function registryInMemory(referrers: boolean) {
  const manifests = new Map<string, FetchedDocument>();
  const blobs = new Map<string, Buffer>();
  const put: string[] = [];
  const registry: Registry = {
    resolve: async () => image.digest,
    pull: () => Promise.reject(new Error("not asked for")),
    push: async ({ manifest, blobs: parts }, to) => {
      let sent = 0;
      for (const { digest, size, open } of parts) {
        if (!blobs.has(digest)) sent += size;
        blobs.set(digest, await buffer(open(0)));
      }
      for (const name of [manifest.digest, ...to.tags]) {
        if (manifests.get(name)?.digest === manifest.digest) continue;
        manifests.set(name, manifest);
        put.push(name);
      }
      return {
        repository: "",
        digest: manifest.digest,
        tags: to.tags,
        bytes: { sent, existing: 0, mounted: 0 },
        blobs: { sent: 0, existing: 0, mounted: 0 },
      };
    },
    manifest: async (_from, name) => manifests.get(name),
    document: async (_from, { digest, size }) => {
      if (size > LONGEST_DOCUMENT) throw new HowdahError("registry/refused", "it is too long");
      const bytes = blobs.get(digest);
      if (bytes === undefined) throw new HowdahError("registry/not-found", "it is gone");
      return bytes;
    },
    listsReferrers: async () => referrers,
    close: async () => undefined,
  };
  const layers = (name: string) => descriptorsIn(manifests.get(name)?.bytes ?? Buffer.of(), "layers");
  return { registry, manifests, blobs, put, layers };
}

const fresh = (): Promise<SigningKey> => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  return openSigningKey(privateKey.export({ type: "pkcs8", format: "pem" }).toString(), "a.key", async () => undefined);
};

describe("what is attached to a pushed image", () => {
  let key: SigningKey;
  let other: SigningKey;
  let memory: ReturnType<typeof registryInMemory>;
  const attach = (by: SigningKey | null, what = documents) =>
    attachDocuments(image, what, by, { registry: memory.registry, repository, call });
  const verify = (by: SigningKey) => verifyImage({ ...repository, tag: "1.2.3", digest: undefined }, by.publicKey, memory.registry, call);
  const failure = async (work: Promise<unknown>): Promise<HowdahError> => {
    const error: unknown = await work.catch((reason: unknown) => reason);
    if (error instanceof HowdahError) return error;
    throw new Error("it did not fail by name", { cause: error });
  };

  beforeAll(async () => {
    [key, other] = await Promise.all([fresh(), fresh()]);
  });
  beforeEach(() => {
    memory = registryInMemory(false);
  });

  it("names the image, and is listed under a tag where the registry keeps no list", async () => {
    const { sbom, provenance } = await attach(null);
    const manifest = JSON.parse(Buffer.from(memory.manifests.get(sbom)?.bytes ?? "").toString()) as object;
    expect(manifest).toMatchObject({
      artifactType: "application/spdx+json",
      config: { mediaType: "application/vnd.oci.empty.v1+json", size: 2 },
      subject: { digest: image.digest, size: 100 },
    });
    const listed = descriptorsIn(memory.manifests.get(tag)?.bytes ?? Buffer.of(), "manifests");
    expect(listed.map(({ digest, artifactType }) => [digest, artifactType])).toEqual([
      [sbom, "application/spdx+json"],
      [provenance, "application/vnd.in-toto+json"],
    ]);
    expect([...memory.manifests.keys()].filter((name) => /\.(sig|att)$/.test(name))).toEqual([]);
  });

  it("is left to the registry's own list where it has one", async () => {
    memory = registryInMemory(true);
    await attach(key);
    expect(memory.manifests.has(tag)).toBe(false);
    expect(await verify(key)).toMatchObject({ digest: image.digest });
  });

  it("keeps what else is listed", async () => {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [{ ...image, artifactType: "x/y" }] }));
    memory.manifests.set(tag, { mediaType: "", digest: "", bytes });
    await attach(null);
    expect(descriptorsIn(memory.manifests.get(tag)?.bytes ?? Buffer.of(), "manifests")[0]?.artifactType).toBe("x/y");
  });

  it("verifies by the key that signed it", async () => {
    await attach(key);
    expect(await verify(key)).toMatchObject({
      image: `registry.example.org/team/blog/php@${image.digest}`,
      signedAs: "registry.example.org/team/blog/php",
      sbom: { packages: 2 },
      provenance: { builder: "https://howdah.dev/builder/v1", commit: "c0ffee", source: "git+https://x", dirty: false },
    });
  });

  it("is not sent again, though every signature is another", async () => {
    await attach(key);
    memory.put.length = 0;
    expect((await attach(key)).bytes.sent).toBe(0);
    expect(memory.put).toEqual([]);
  });

  it("replaces only the key's own statements, and keeps others' signatures", async () => {
    await attach(other);
    await attach(key);
    await attach(key, { ...documents, sbom: { ...documents.sbom, packages: [] } });
    expect([memory.layers(`${tag}.sig`).length, memory.layers(`${tag}.att`).length]).toEqual([2, 4]);
    expect(await verify(other)).toMatchObject({ sbom: { packages: 2 } });
    expect(await verify(key)).toMatchObject({ sbom: { packages: 0 } });
  });

  it("is there after two pushes at once, with both signatures and both keys' statements", async () => {
    await Promise.all([attach(key), attach(other, { ...documents, sbom: { ...documents.sbom, packages: [] } })]);
    expect(await verify(key)).toMatchObject({ sbom: { packages: 2 } });
    expect(await verify(other)).toMatchObject({ sbom: { packages: 0 } });
    expect([memory.layers(`${tag}.sig`).length, memory.layers(`${tag}.att`).length]).toEqual([2, 4]);
    expect(descriptorsIn(memory.manifests.get(tag)?.bytes ?? Buffer.of(), "manifests")).toHaveLength(3);
  });

  it("fails when others' changes win every time", async () => {
    const push = memory.registry.push.bind(memory.registry);
    memory.registry.push = (one, to, given) => push(one, { ...to, tags: to.tags.filter((name) => !name.endsWith(".sig")) }, given);
    expect(await failure(attach(key))).toMatchObject({ code: "registry/refused" });
  });

  it("verifies and is attached again beside layers that are none of ours, too long or gone", async () => {
    await attach(key);
    const strange = { digest: `sha256:${"ef".repeat(32)}`, annotations: { predicateType: "https://spdx.dev/Document" } };
    const layers = [
      { ...strange, mediaType: "application/vnd.dsse.envelope.v1+json", size: 100 },
      { ...strange, mediaType: "application/vnd.dsse.envelope.v1+json", size: 1e9 },
      { ...strange, mediaType: "application/x-tar", size: 100 },
    ];
    const others = [{ ...strange, mediaType: "application/vnd.dev.cosign.simplesigning.v1+json", size: 100 }];
    memory.manifests.set(`${tag}.att`, layeredImage([...layers, ...memory.layers(`${tag}.att`)], []).manifest);
    memory.manifests.set(`${tag}.sig`, layeredImage([...others, ...memory.layers(`${tag}.sig`)], []).manifest);
    expect(await verify(key)).toMatchObject({ sbom: { packages: 2 } });
    await attach(key, { ...documents, sbom: { ...documents.sbom, packages: [] } });
    expect(await verify(key)).toMatchObject({ sbom: { packages: 0 } });
    expect(memory.layers(`${tag}.att`)).toHaveLength(5);
  });

  it("finishes what was cut off, as the signature comes last", async () => {
    const push = memory.registry.push.bind(memory.registry);
    memory.registry.push = (one, to, given) =>
      to.tags.some((name) => name.endsWith(".sig")) ? Promise.reject(new Error("cut")) : push(one, to, given);
    await expect(attach(key)).rejects.toThrow("cut");
    expect(await failure(verify(key))).toMatchObject({ code: "signature/missing" });
    memory.registry.push = push;
    await attach(key);
    expect(await verify(key)).toMatchObject({ digest: image.digest });
    expect(memory.layers(`${tag}.att`)).toHaveLength(2);
  });

  describe("is refused", () => {
    it("by another key", async () => {
      await attach(key);
      expect(await failure(verify(other))).toMatchObject({
        code: "signature/invalid",
        message: expect.stringContaining("none of its signatures") as unknown,
      });
    });

    it("without a signature", async () => {
      await attach(null);
      expect(await failure(verify(key))).toMatchObject({ code: "signature/missing" });
    });

    it("when the signature is another image's", async () => {
      await attach(key);
      const signed = memory.manifests.get(`${tag}.sig`);
      const moved = `sha256:${"cd".repeat(32)}`;
      if (signed !== undefined) memory.manifests.set(`${moved.replace(":", "-")}.sig`, signed);
      const registry = { ...memory.registry, resolve: async () => moved };
      expect(await failure(verifyImage({ ...repository, tag: "x", digest: undefined }, key.publicKey, registry, call))).toMatchObject({
        code: "signature/invalid",
        message: expect.stringContaining("another image") as unknown,
      });
    });

    it("when the payload was changed", async () => {
      await attach(key);
      const [layer] = memory.layers(`${tag}.sig`);
      memory.blobs.set(layer?.digest ?? "", Buffer.from(String(memory.blobs.get(layer?.digest ?? "")).replace("team/blog", "evil/blog")));
      expect(await failure(verify(key))).toMatchObject({ code: "signature/invalid" });
    });

    it.each([0, 1])("without signed statement %i", async (index) => {
      await attach(key);
      const kept = memory.layers(`${tag}.att`).filter((_layer, at) => at !== index);
      memory.manifests.set(`${tag}.att`, layeredImage(kept, []).manifest);
      expect(await failure(verify(key))).toMatchObject({ code: "signature/missing" });
    });

    it("when a statement was changed", async () => {
      await attach(key);
      for (const { digest } of memory.layers(`${tag}.att`)) {
        const envelope = JSON.parse(String(memory.blobs.get(digest))) as { payload: string };
        envelope.payload = Buffer.from(
          Buffer.from(envelope.payload, "base64").toString().replace("c0ffee", "facade").replace("SPDX-2.3", "SPDX-9.9"),
        ).toString("base64");
        memory.blobs.set(digest, Buffer.from(JSON.stringify(envelope)));
      }
      expect(await failure(verify(key))).toMatchObject({ code: "signature/missing" });
    });

    it("with an annotation that is no signature", async () => {
      await attach(key);
      const layers = memory.layers(`${tag}.sig`).map((layer) => ({ ...layer, annotations: { [SIGNATURE_ANNOTATION]: "AAAA" } }));
      memory.manifests.set(`${tag}.sig`, layeredImage(layers, []).manifest);
      expect(await failure(verify(key))).toMatchObject({ code: "signature/invalid" });
    });
  });

  it("is an artifact whose digest is that of its bytes", async () => {
    const { sbom } = await attach(null);
    const bytes = memory.manifests.get(sbom)?.bytes ?? Buffer.of();
    expect(`sha256:${createHash("sha256").update(bytes).digest("hex")}`).toBe(sbom);
  });
});
