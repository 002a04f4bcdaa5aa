import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { HowdahError } from "../../src/kernel/howdah-error.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { createRegistry } from "../../src/providers/registry/create-registry.ts";
import type { Pushable, Pushed, Registry, RegistryCall } from "../../src/providers/registry/registry.ts";
import { run } from "../../src/providers/process.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";
import { removeImages } from "../support/remove-images.ts";
import { registryRig, type RegistryRig } from "../support/registry-rig.ts";
import { systemClock } from "../support/system-clock.ts";

const MIB = 1 << 20;

const rig = await registryRig();
const why = await whyNoMachine();
if (rig === undefined) process.stderr.write("registry.test.ts is skipped: Debian's docker-registry can't be had\n");

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** An image of random layers. */
function image(...sizes: readonly number[]): Pushable & { readonly layers: readonly Buffer[] } {
  const layers = sizes.map((size) => randomBytes(size));
  const config = Buffer.from(
    JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: layers.map(sha256) } }),
  );
  const descriptor = (mediaType: string, bytes: Buffer): object => ({ mediaType, digest: sha256(bytes), size: bytes.length });
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: descriptor("application/vnd.oci.image.config.v1+json", config),
      layers: layers.map((layer) => descriptor("application/vnd.oci.image.layer.v1.tar", layer)),
    }),
  );
  return {
    layers,
    manifest: { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: sha256(bytes), bytes },
    blobs: [config, ...layers].map((blob) => ({
      digest: sha256(blob),
      size: blob.length,
      open: (from) => Readable.from([blob.subarray(from)]),
    })),
  };
}

async function failure(work: Promise<unknown>): Promise<HowdahError> {
  return work.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: unknown) => {
      if (error instanceof HowdahError) return error;
      throw error;
    },
  );
}

describe.skipIf(rig === undefined && process.env["CI"] === undefined)("a registry behind nginx with TLS and a password", () => {
  const { host, proxy, home, authFile, directory, password, trust, tls } = rig ?? ({} as RegistryRig);
  const said: string[] = [];
  let registry: Registry;
  const client = (patienceMs = 20_000, configuration = join(directory, "registries.conf")): Registry =>
    createRegistry({
      authFiles: [authFile],
      certificateDirectories: [join(home, ".config/containers/certs.d")],
      bundle: "/etc/ssl/certs/ca-certificates.crt",
      configuration: { file: configuration, directory: join(directory, "registries.conf.d") },
      clock: systemClock,
      random: () => 0,
      patienceMs,
    });
  const call = (extra: Partial<RegistryCall> = {}): RegistryCall => ({
    progress: () => undefined,
    notice: (words) => said.push(words),
    signal: new AbortController().signal,
    ...extra,
  });
  const to = (path: string, ...tags: readonly string[]) => ({ registry: host, path, tags });
  const at = (path: string, digest: string) => ({ registry: host, path, tag: undefined, digest });
  const layout = (name: string) => ({ directory: join(directory, name), architecture: "amd64" });

  beforeAll(() => {
    registry = client();
  });
  beforeEach(() => {
    proxy.fault = () => undefined;
    proxy.seen.length = 0;
    said.length = 0;
  });
  afterAll(async () => {
    await registry.close();
  });

  it("takes an image once: then nothing is sent, and what another repository has is mounted", async () => {
    const first = image(3 * MIB, 1000);
    const pushed = await registry.push(first, to("team/blog/web", "1.2.3", "1.2"), call());
    expect(pushed).toMatchObject({
      repository: `${host}/team/blog/web`,
      digest: first.manifest.digest,
      blobs: { sent: 3, existing: 0, mounted: 0 },
    });
    expect(pushed.bytes.sent).toBe(first.blobs.reduce((sum, { size }) => sum + size, 0));
    const again = await registry.push(first, to("team/blog/web", "nightly"), call());
    expect(again).toMatchObject({ bytes: { sent: 0 }, blobs: { sent: 0, existing: 3 } });
    const other = await registry.push(first, to("team/blog/php", "1.2.3"), { ...call(), mountFrom: ["no/such", "team/blog/web"] });
    expect(other).toMatchObject({ bytes: { sent: 0 }, blobs: { sent: 0, mounted: 3 } });
    for (const tag of ["1.2.3", "1.2", "nightly"])
      expect(await registry.resolve({ registry: host, path: "team/blog/web", tag, digest: undefined }, call())).toBe(first.manifest.digest);
  });

  it("gives an image back as a layout whose every byte was verified", async () => {
    const pushed = image(2 * MIB);
    await registry.push(pushed, to("team/pull", "1"), call());
    expect(await registry.pull(at("team/pull", pushed.manifest.digest), layout("pulled"), call())).toEqual({
      digest: pushed.manifest.digest,
      from: `${host}/team/pull`,
    });
    const [layer] = pushed.layers;
    const blob = await readFile(join(directory, "pulled/blobs/sha256", sha256(layer ?? Buffer.of()).slice(7)));
    expect(blob.equals(layer ?? Buffer.of())).toBe(true);
    expect(JSON.parse(await readFile(join(directory, "pulled/index.json"), "utf8"))).toMatchObject({
      manifests: [{ digest: pushed.manifest.digest }],
    });
  });

  it.each([
    ["seconds", () => "1"],
    ["a date", () => new Date(Date.now() + 2000).toUTCString()],
  ])("waits when it says 429 with Retry-After in %s, and says so", async (_name, after) => {
    const end = Date.now() + 2000;
    proxy.fault = () => (Date.now() < end ? { kind: "answer", status: 429, headers: { "retry-after": after() } } : undefined);
    expect(await registry.push(image(1000), to("team/busy", "1"), call())).toMatchObject({ blobs: { sent: 2 } });
    expect(said.join("\n")).toMatch(/127\.0\.0\.1:\d+ says 429, too many requests, trying again in [123] s/);
  });

  it.each([500, 502, 503])("tries again when it says %i now and then", async (status) => {
    const asked = new Set<string>();
    proxy.fault = ({ method, url }) => {
      const name = `${method} ${url.split("?")[0] ?? ""}`;
      if (asked.has(name) || asked.size >= 4 || method === "HEAD") return undefined;
      asked.add(name);
      return { kind: "answer", status, headers: { "retry-after": "0" } };
    };
    expect(await registry.push(image(1000, 2000), to(`team/flaky-${String(status)}`, "1"), call())).toMatchObject({ blobs: { sent: 3 } });
  });

  it("goes on with the chunk in which an upload was cut, not from its beginning", async () => {
    let cuts = 0;
    proxy.fault = ({ method, headers }) =>
      method === "PATCH" && headers["content-range"]?.startsWith("8388608-") === true && (cuts += 1) < 3
        ? { kind: "cut-request", after: 3 * MIB }
        : undefined;
    const large = image(20 * MIB);
    const pushed = await registry.push(large, to("team/cut", "1"), call());
    expect(cuts).toBe(3);
    const arrived = proxy.seen.filter(({ method }) => method === "PATCH" || method === "PUT").reduce((sum, { bytes }) => sum + bytes, 0);
    expect(arrived).toBeLessThan(30 * MIB);
    expect(pushed.digest).toBe(large.manifest.digest);
    await registry.pull(at("team/cut", pushed.digest), layout("cut"), call());
  });

  it("finds out that an upload was whole though its last answer was lost", async () => {
    let lost = 0;
    proxy.fault = ({ method, url }) =>
      method === "PUT" && url.includes("digest=") && (lost += 1) === 1 ? { kind: "lose-answer" } : undefined;
    const one = image(MIB);
    const pushed = await registry.push(one, to("team/lost", "1"), call());
    expect(pushed.bytes.sent).toBe(one.blobs.reduce((sum, { size }) => sum + size, 0));
  });

  it("begins an upload anew that the registry has forgotten", async () => {
    let forgot = 0;
    proxy.fault = ({ method, headers }) =>
      method === "PATCH" && headers["content-range"]?.startsWith("8388608-") === true && (forgot += 1) === 1
        ? { kind: "answer", status: 404, body: '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}' }
        : undefined;
    const large = image(9 * MIB);
    await registry.push(large, to("team/forgot", "1"), call());
    await registry.pull(at("team/forgot", large.manifest.digest), layout("forgot"), call());
  });

  it("goes on with a download that was cut", async () => {
    const large = image(5 * MIB);
    await registry.push(large, to("team/cut-pull", "1"), call());
    let cuts = 0;
    proxy.fault = ({ method, url }) =>
      method === "GET" && url.includes("/blobs/") && (cuts += 1) < 4 ? { kind: "cut-answer", after: 2 * MIB } : undefined;
    await registry.pull(at("team/cut-pull", large.manifest.digest), layout("cut-pull"), call());
    expect(proxy.seen.some(({ headers }) => /^bytes=[1-9]\d*-$/.test(headers.range ?? ""))).toBe(true);
  });

  it.each([
    ["a layer", "/blobs/"],
    ["the manifest", "/manifests/"],
  ])("refuses %s with other bytes than its digest stands for (I3)", async (_name, part) => {
    const one = image(1000);
    await registry.push(one, to("team/wrong", "1"), call());
    proxy.fault = ({ method, url }) => (method === "GET" && url.includes(part) ? { kind: "corrupt" } : undefined);
    expect(await failure(registry.pull(at("team/wrong", one.manifest.digest), layout("wrong"), call()))).toMatchObject({
      code: "registry/digest-mismatch",
    });
  });

  it("waits for a registry that is down, and is done when it is back", async () => {
    await proxy.down();
    const pushing = registry.push(image(1000), to("team/back", "1"), call());
    setTimeout(() => void proxy.up(), 1500);
    expect(await pushing).toMatchObject({ blobs: { sent: 2 } });
    expect(said.join("\n")).toContain("refuses the connection, trying again in");
  });

  it("says why when the registry stays away, within its patience", async () => {
    await proxy.down();
    const impatient = client(1500);
    expect(await failure(impatient.push(image(1000), to("team/away", "1"), call()))).toMatchObject({ code: "registry/unreachable" });
    await impatient.close();
    await proxy.up();
  });

  it("stops at once when it is asked to, also in the middle of a wait", async () => {
    proxy.fault = () => ({ kind: "answer", status: 429, headers: { "retry-after": "15" } });
    const stop = new AbortController();
    const failed = failure(registry.push(image(1000), to("team/stop", "1"), call({ signal: stop.signal })));
    setTimeout(() => stop.abort(), 300);
    expect(await failed).toMatchObject({ code: "cancelled" });
  });

  it("is patient with a slow registry", async () => {
    proxy.fault = () => ({ kind: "slow", milliseconds: 150 });
    expect(await registry.push(image(1000), to("team/slow", "1"), call())).toMatchObject({ blobs: { sent: 2 } });
  });

  it("takes no credentials along when it is sent to another host", async () => {
    const one = image(1000);
    await registry.push(one, to("team/elsewhere", "1"), call());
    const strangers: (string | undefined)[] = [];
    const other = host.replace("127.0.0.1", "localhost"); // the same proxy by another name: another origin
    await trust(other);
    proxy.fault = ({ method, url, headers }) => {
      if (headers.host === other) {
        strangers.push(headers.authorization);
        const blob = one.blobs.findIndex(({ digest }) => url.endsWith(digest));
        return blob === 1 ? { kind: "answer", status: 200, body: "x".repeat(1000) } : undefined;
      }
      if (method !== "GET" || !url.endsWith(one.blobs[1]?.digest ?? "")) return undefined;
      return { kind: "answer", status: 307, headers: { location: `https://${other}${url}` } };
    };
    expect(await failure(registry.pull(at("team/elsewhere", one.manifest.digest), layout("elsewhere"), call()))).toMatchObject({
      code: "registry/digest-mismatch",
    });
    expect(strangers).toEqual([undefined]);
  });

  it("goes nowhere without TLS from a place with TLS", async () => {
    const one = image(1000);
    await registry.push(one, to("team/downgrade", "1"), call());
    proxy.fault = ({ url }) =>
      url.includes("/blobs/") ? { kind: "answer", status: 307, headers: { location: "http://127.0.0.1:9/x" } } : undefined;
    expect(await failure(registry.pull(at("team/downgrade", one.manifest.digest), layout("downgrade"), call()))).toMatchObject({
      code: "registry/refused",
    });
  });

  it("names a wrong password, a missing one and an authority that is not trusted; none of them is repeated, and no secret is said", async () => {
    const secret = (value: string) => ({ username: new Secret("pusher", "test"), password: new Secret(value, "test") });
    const wrong = await failure(registry.push(image(10), to("team/wrong-password", "1"), call({ secret: secret("wr0ng-canary") })));
    expect(wrong).toMatchObject({ code: "registry/unauthorized", message: expect.stringContaining("the user pusher") as unknown });
    const anonymous = createRegistry({ ...options([]), certificateDirectories: [join(home, ".config/containers/certs.d")] });
    const missing = await failure(anonymous.push(image(10), to("team/no-password", "1"), call()));
    expect(missing).toMatchObject({ code: "registry/unauthorized", hint: expect.stringContaining("podman login") as unknown });
    const stranger = createRegistry(options([authFile]));
    const untrusted = await failure(stranger.push(image(10), to("team/untrusted", "1"), call()));
    expect(untrusted).toMatchObject({ code: "registry/untrusted" });
    await Promise.all([anonymous.close(), stranger.close()]);
    const everything =
      [wrong, missing, untrusted].map((error) => `${error.message}${error.hint}${error.stack ?? ""}`).join("") + said.join("");
    for (const canary of ["wr0ng-canary", password, Buffer.from(`pusher:${password}`).toString("base64")])
      expect(everything).not.toContain(canary);
    expect(said).toEqual([]);
  });
  const options = (authFiles: readonly string[]) => ({
    authFiles,
    certificateDirectories: [],
    bundle: "/etc/ssl/certs/ca-certificates.crt",
    configuration: { file: join(directory, "none"), directory: join(directory, "none.d") },
    clock: systemClock,
    random: () => 0,
    patienceMs: 5000,
  });

  it("asks mirrors first, in order, and does without those that fail", async () => {
    const one = image(1000);
    await registry.push(one, to("mirror/library/php", "8.4"), call());
    const file = join(directory, "mirrors.conf");
    await writeFile(
      file,
      `[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "127.0.0.1:9/gone"\n[[registry.mirror]]\nlocation = "${host}/mirror"\n`,
    );
    const mirrored = client(1000, file);
    const reference = { registry: "docker.io", path: "library/php", tag: "8.4", digest: undefined };
    expect(await mirrored.resolve(reference, call())).toBe(one.manifest.digest);
    const pulled = await mirrored.pull({ ...reference, digest: one.manifest.digest }, layout("mirrored"), call());
    expect(pulled.from).toBe(`${host}/mirror/library/php`);
    expect(said.join("\n")).toContain("the mirror 127.0.0.1:9 does not help");
    await mirrored.close();
  });

  it("works with plain http on this machine, and nowhere else", async () => {
    const port = await (rig as RegistryRig).registry();
    const one = image(9 * MIB);
    const plain = { registry: `127.0.0.1:${String(port)}`, path: "plain", tags: ["1"] };
    expect(await registry.push(one, plain, call())).toMatchObject({ blobs: { sent: 2 } });
    await registry.pull({ ...plain, tag: undefined, digest: one.manifest.digest }, layout("plain"), call());
  });

  it("signs in with tokens, and asks only for what it needs", async () => {
    const asked: string[] = [];
    const { certificate, sign } = await tokenSigner(directory, tls);
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? "", "http://127.0.0.1");
      asked.push(url.searchParams.getAll("scope").join(" "));
      if (request.headers.authorization !== `Basic ${Buffer.from("pusher:t0ken-password").toString("base64")}`) {
        response.writeHead(401).end();
        return;
      }
      response.end(JSON.stringify({ token: sign(url.searchParams.getAll("scope")), expires_in: 3600 }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const realm = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/token`;
    const auth = `auth: {token: {realm: "${realm}", service: registry, issuer: howdah-test, rootcertbundle: ${certificate}}}\n`;
    const port = await (rig as RegistryRig).registry(auth);
    const place = { registry: `127.0.0.1:${String(port)}`, path: "team/token", tags: ["1"] };
    const secret = { username: new Secret("pusher", "test"), password: new Secret("t0ken-password", "test") };
    const large = image(10 * MIB);
    expect(await registry.push(large, place, call({ secret }))).toMatchObject({ blobs: { sent: 2 } });
    await registry.pull({ ...place, tag: undefined, digest: large.manifest.digest }, layout("token"), call({ secret }));
    expect(new Set(asked)).toEqual(new Set(["repository:team/token:pull,push", "repository:team/token:pull"]));
    const wrong = { ...secret, password: new Secret("n0t-it", "test") };
    expect(await failure(registry.push(image(10), place, call({ secret: wrong })))).toMatchObject({ code: "registry/unauthorized" });
    server.close();
  });

  it("signs in again when its sign-in is not taken any more in the middle of an upload", async () => {
    let refused = 0;
    proxy.fault = ({ method, headers }) =>
      method === "PATCH" && headers["content-range"]?.startsWith("8388608-") === true && (refused += 1) === 1
        ? { kind: "answer", status: 401, headers: { "www-authenticate": 'Basic realm="registry"' } }
        : undefined;
    expect(await registry.push(image(10 * MIB), to("team/expired", "1"), call())).toMatchObject({ blobs: { sent: 2 } });
  });
});

describe.skipIf((rig === undefined || why !== undefined) && process.env["CI"] === undefined)("howdah build --push", () => {
  const { host, proxy, home, authFile } = rig ?? ({} as RegistryRig);
  let machine: HowdahMachine;
  let code: string;
  const git = (...argv: readonly string[]) => run(["git", "-C", code, "-c", "user.name=t", "-c", "user.email=t@example.org", ...argv]);
  const push = async (...more: readonly string[]): Promise<readonly Pushed[]> => {
    const said = await machine.ok("build", code, "--push", "--to", `${host}/team/site`, "--output", "json", ...more);
    return (JSON.parse(said.stdout) as { pushed: Pushed[] }).pushed;
  };

  beforeAll(async () => {
    machine = await howdahMachine("registry", 18_722);
    const cache = process.env["HOWDAH_CACHE_DIR"] ?? join(process.env["HOME"] ?? "/root", ".cache/howdah");
    Object.assign(machine.environment, { HOME: home, HOWDAH_CACHE_DIR: cache });
    code = join(machine.directory, "site");
    await mkdir(code);
    await writeFile(join(code, "howdah.yaml"), "apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: {name: pushed}\nspec: {}\n");
    await writeFile(join(code, "index.html"), `<!doctype html><title>One</title>${"<p>words</p>".repeat(1000)}`);
    await machine.ok("build", code);
    await run(["git", "init", "-q", "-b", "main", code]);
    await git("add", "-A");
    await git("commit", "-qm", "first");
  });
  beforeEach(() => {
    proxy.fault = () => undefined;
  });
  // The rig ends here: this is the last block of the file.
  afterAll(async () => {
    await machine?.remove();
    await removeImages("t-registry", "all");
    await rig?.remove();
  });

  it("pushes what podman can pull, tagged by git; of a changed line only that line's layer travels", async () => {
    const [first] = await push();
    expect(first).toMatchObject({ repository: `${host}/team/site/web`, tags: ["nightly"] });
    await writeFile(join(code, "index.html"), `<!doctype html><title>Two</title>${"<p>words</p>".repeat(1000)}`);
    await git("commit", "-qam", "second");
    await git("tag", "release-v1.2.3");
    const [second] = await push();
    expect(second).toMatchObject({ tags: ["1.2.3", "1.2"] });
    expect(second?.digest).not.toBe(first?.digest);
    expect(second?.bytes.sent).toBeLessThan(20_000);
    expect(second?.bytes.existing).toBeGreaterThan(1_000_000);
    const [again] = await push("--tag", "by-hand");
    expect(again).toMatchObject({ digest: second?.digest, tags: ["by-hand"], bytes: { sent: 0 } });
    const name = `${host}/team/site/web@${second?.digest ?? ""}`;
    await run(["podman", "pull", "-q", "--authfile", authFile, "--cert-dir", join(home, ".config/containers/certs.d", host), "--", name]);
    await run(["podman", "rmi", "--", name]);
  });

  it("builds on an image of somebody else by the digest in the lock: a tag that moves changes nothing until `howdah pin`", async () => {
    const [base] = await push("--tag", "base");
    const site = join(machine.directory, "foreign");
    await mkdir(site);
    const image = `${host}/team/site/web:base`;
    const spec = { runtime: { php: "8.4", image } };
    await writeFile(
      join(site, "howdah.yaml"),
      JSON.stringify({ apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata: { name: "foreign" }, spec }),
    );
    await writeFile(join(site, "index.php"), "<?php echo 1;");
    await machine.ok("build", site);
    const pinned = async (): Promise<unknown> =>
      (JSON.parse(await readFile(join(site, "howdah.lock"), "utf8")) as { foreign: unknown }).foreign;
    expect(await pinned()).toEqual([{ reference: image, digest: base?.digest }]);
    await writeFile(join(code, "index.html"), "<!doctype html><title>Moved</title>");
    const [moved] = await push("--tag", "base");
    expect(moved?.digest).not.toBe(base?.digest);
    await proxy.down(); // what is pinned and here needs no registry
    await machine.ok("build", site);
    await proxy.up();
    expect(await pinned()).toEqual([{ reference: image, digest: base?.digest }]);
    await machine.ok("pin", site);
    expect(await pinned()).toEqual([{ reference: image, digest: moved?.digest }]);
    proxy.fault = ({ method, url }) => (method === "GET" && url.includes("/blobs/") ? { kind: "corrupt" } : undefined);
    const refused = await machine.howdah("build", site, "--output", "json");
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: "registry/digest-mismatch" } });
  });

  it("says what is wrong: no repository, a bad tag", async () => {
    const none = await machine.howdah("build", code, "--push", "--output", "json");
    expect([none.code, JSON.parse(none.stdout)]).toMatchObject([
      64,
      { error: { code: "usage/invalid", hint: expect.stringContaining("--to") as unknown } },
    ]);
    const bad = await machine.howdah("build", code, "--push", "--to", "registry.example.org/x", "--tag", "a b");
    expect([bad.code, bad.stderr]).toEqual([64, expect.stringContaining("is no tag")]);
  });

  it("shows on its way that the registry asks to wait, and ends", async () => {
    const end = Date.now() + 6000;
    proxy.fault = () => (Date.now() < end ? { kind: "answer", status: 429, headers: { "retry-after": "2" } } : undefined);
    const said = await machine.ok("build", code, "--push", "--to", `${host}/team/waits`);
    expect(said.stderr).toMatch(/says 429, too many requests, trying again in \d+ s/);
    expect(said.stdout).toMatch(/team\/waits\/web@sha256:[0-9a-f]{64}/);
  });
});

/** What signs the tokens that docker-registry takes: JWTs with the signer's certificate in `x5c`. */
async function tokenSigner(
  directory: string,
  tls: { readonly cert: string; readonly key: string },
): Promise<{ readonly certificate: string; readonly sign: (scopes: readonly string[]) => string }> {
  const certificate = join(directory, "ca.crt");
  const { createPrivateKey, sign } = await import("node:crypto");
  const der = tls.cert.replaceAll(/-----[A-Z ]+-----|\s/g, "");
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return {
    certificate,
    sign: (scopes) => {
      const access = scopes.map((scope) => {
        const [type, name, actions = ""] = scope.split(":");
        return { type, name, actions: actions.split(",") };
      });
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        iss: "howdah-test",
        sub: "pusher",
        aud: "registry",
        exp: now + 60,
        nbf: now - 60,
        iat: now,
        jti: String(Math.random()),
        access,
      };
      const text = `${encode({ typ: "JWT", alg: "ES256", x5c: [der] })}.${encode(claims)}`;
      const signature = sign("sha256", Buffer.from(text), { key: createPrivateKey(tls.key), dsaEncoding: "ieee-p1363" });
      return `${text}.${signature.toString("base64url")}`;
    },
  };
}
