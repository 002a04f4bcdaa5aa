import { generateKeyPairSync } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { descriptorsIn, layeredImage } from "../../src/providers/attestation/artifact.ts";
import { run } from "../../src/providers/process.ts";
import { createRegistry } from "../../src/providers/registry/create-registry.ts";
import type { PushedImage } from "../../src/workflows/build/push-site.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";
import { removeImages } from "../support/remove-images.ts";
import { registryRig, type RegistryRig } from "../support/registry-rig.ts";
import { systemClock } from "../support/system-clock.ts";

const rig = await registryRig();
const why = await whyNoMachine();
if (rig === undefined) process.stderr.write("signed-images.test.ts is skipped: Debian's docker-registry can't be had\n");

/** What a command fails with. */
interface Failed {
  readonly error: { readonly code: string; readonly message: string };
}

describe.skipIf((rig === undefined || why !== undefined) && process.env["CI"] === undefined)(
  "images that are signed when they are pushed",
  () => {
    const { host, proxy, home, authFile, directory } = rig ?? ({} as RegistryRig);
    let machine: HowdahMachine;
    let code: string;
    const keyFile = (name: string) => join(machine.directory, name);
    const build = async (to: string, ...more: readonly string[]) => {
      const said = await machine.howdah("build", code, "--push", "--to", `${host}/${to}`, "--output", "json", ...more);
      return { ...said, answer: JSON.parse(said.stdout) as { readonly pushed: readonly PushedImage[] } & Failed };
    };
    const verify = async (name: string, key = "a.pub") => {
      const said = await machine.howdah("verify", `${host}/${name}`, "--key", keyFile(key), "--output", "json");
      return { code: said.code, answer: JSON.parse(said.stdout) as Failed & Record<string, unknown> };
    };
    const sentBy = () => proxy.seen.filter(({ method }) => !["GET", "HEAD"].includes(method)).map(({ method, url }) => `${method} ${url}`);

    beforeAll(async () => {
      machine = await howdahMachine("signed", 18_780);
      const cache = process.env["HOWDAH_CACHE_DIR"] ?? join(process.env["HOME"] ?? "/root", ".cache/howdah");
      Object.assign(machine.environment, { HOME: home, HOWDAH_CACHE_DIR: cache });
      for (const name of ["a", "b"]) {
        const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
        await writeFile(keyFile(`${name}.key`), privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
        await writeFile(keyFile(`${name}.pub`), publicKey.export({ type: "spki", format: "pem" }));
      }
      code = join(machine.directory, "site");
      await mkdir(code);
      await writeFile(join(code, "howdah.yaml"), "apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: {name: signed}\nspec: {}\n");
      await writeFile(join(code, "index.html"), "<!doctype html><title>One</title>");
      const libraries = { packages: { "node_modules/@babel/core": { version: "7.1.0", license: "MIT", dev: true } } };
      await writeFile(join(code, "package-lock.json"), JSON.stringify(libraries));
      await machine.ok("build", code);
      const git = (...argv: readonly string[]) => run(["git", "-C", code, "-c", "user.name=t", "-c", "user.email=t@example.org", ...argv]);
      await git("init", "-q", "-b", "main");
      await git("add", "-A");
      await git("commit", "-qm", "first");
    });
    beforeEach(() => {
      proxy.fault = () => undefined;
      proxy.seen.length = 0;
    });
    afterAll(async () => {
      await machine?.remove();
      await removeImages("t-signed", "all");
      await rig?.remove();
    });

    it("are verified by their key, with bill of materials and provenance, and refused by another", async () => {
      const pushed = await build("team/blog", "--tag", "1", "--sign-key", keyFile("a.key"));
      expect(pushed.answer.pushed).toMatchObject([{ repository: `${host}/team/blog/web`, attached: { signed: true } }]);
      const { code: exit, answer } = await verify("team/blog/web:1");
      expect([exit, answer]).toMatchObject([
        0,
        {
          digest: pushed.answer.pushed[0]?.digest,
          signedAs: `${host}/team/blog/web`,
          provenance: { commit: expect.stringMatching(/^[0-9a-f]{40}$/) as unknown, dirty: false },
        },
      ]);
      const bill = JSON.parse((await machine.ok("sbom", code)).stdout) as { readonly packages: readonly { readonly name: string }[] };
      expect((answer["sbom"] as { readonly document: unknown }).document).toEqual(bill);
      expect(bill.packages.map(({ name }) => name)).toEqual(expect.arrayContaining(["nginx", "ca-certificates", "signed", "@babel/core"]));
      expect(await verify("team/blog/web:1", "b.pub")).toMatchObject({ code: 65, answer: { error: { code: "signature/invalid" } } });
    });

    it("are not sent again, nor is what belongs to them", async () => {
      const again = await build("team/blog", "--tag", "1", "--sign-key", keyFile("a.key"));
      expect(again.answer.pushed).toMatchObject([{ bytes: { sent: 0 }, attached: { signed: true, bytes: { sent: 0 } } }]);
      expect(sentBy()).toEqual([]);
    });

    it("are refused when somebody has changed a signature in the registry", async () => {
      const registry = createRegistry({
        authFiles: [authFile],
        certificateDirectories: [join(home, ".config/containers/certs.d")],
        bundle: "/etc/ssl/certs/ca-certificates.crt",
        configuration: { file: join(directory, "none"), directory: join(directory, "none.d") },
        clock: systemClock,
        random: () => 0,
        patienceMs: 5000,
      });
      const call = { progress: () => undefined, notice: () => undefined, signal: new AbortController().signal };
      const [pushed] = (await build("team/changed", "--tag", "1", "--sign-key", keyFile("a.key"))).answer.pushed;
      const place = { registry: host, path: "team/changed/web" };
      const tag = `${pushed?.digest.replace(":", "-") ?? ""}.sig`;
      const layers = descriptorsIn((await registry.manifest(place, tag, call))?.bytes ?? Buffer.of(), "layers");
      const other = layers.map((layer) => ({ ...layer, annotations: { "dev.cosignproject.cosign/signature": "MEUCIQ==" } }));
      await registry.push(layeredImage(other, []), { ...place, tags: [tag] }, call);
      await registry.close();
      expect(await verify("team/changed/web:1")).toMatchObject({ code: 65, answer: { error: { code: "signature/invalid" } } });
      proxy.fault = ({ method, url }) => (method === "GET" && url.includes("/blobs/") ? { kind: "corrupt" } : undefined);
      expect(await verify("team/blog/web:1")).toMatchObject({ answer: { error: { code: "registry/digest-mismatch" } } });
    });

    it("have no tag before their signature: a registry that fails in between is told, and the same command finishes", async () => {
      await writeFile(join(code, "index.html"), "<!doctype html><title>Two</title>");
      proxy.fault = ({ method, url }) =>
        method === "PUT" && url.endsWith(".sig") ? { kind: "answer", status: 403, body: '{"errors":[{"code":"DENIED"}]}' } : undefined;
      const failed = await build("team/blog", "--tag", "2", "--sign-key", keyFile("a.key"));
      expect([failed.code, failed.answer]).toMatchObject([77, { error: { code: "registry/unauthorized" } }]);
      expect(await verify("team/blog/web:2")).toMatchObject({ answer: { error: { code: "registry/not-found" } } });
      proxy.fault = () => undefined;
      proxy.seen.length = 0;
      const done = await build("team/blog", "--tag", "2", "--sign-key", keyFile("a.key"));
      expect(done.answer.pushed).toMatchObject([{ bytes: { sent: 0 } }]);
      expect(sentBy().filter((line) => line.includes("/manifests/"))).toEqual([
        expect.stringMatching(/\/manifests\/sha256:[0-9a-f]{64}$/),
        expect.stringMatching(/\/manifests\/sha256-[0-9a-f]{64}\.sig$/),
        expect.stringMatching(/\/manifests\/2$/),
      ]);
      expect(await verify("team/blog/web:2")).toMatchObject({ code: 0, answer: { provenance: { dirty: true } } });
    });

    it("are not needed: without a key only the documents are attached, and a key that can't be used is told before anything is built", async () => {
      const plain = await build("team/plain", "--tag", "1");
      expect(plain.answer.pushed).toMatchObject([{ attached: { signed: false } }]);
      expect(await verify("team/plain/web:1")).toMatchObject({ code: 66, answer: { error: { code: "signature/missing" } } });
      const bare = await build("team/bare", "--tag", "1", "--no-attach");
      expect(bare.answer.pushed[0]?.attached).toBeUndefined();
      proxy.seen.length = 0;
      const unusable = await build("team/plain", "--tag", "1", "--sign-key", keyFile("a.pub"));
      expect([unusable.code, unusable.answer, proxy.seen]).toMatchObject([66, { error: { code: "signature/key-unusable" } }, []]);
      const secret = (await readFile(keyFile("a.key"), "utf8")).split("\n")[1] ?? "no key";
      expect(plain.stderr + plain.stdout + unusable.stderr + unusable.stdout).not.toContain(secret);
    });
  },
);
