import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { getuid } from "node:process";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BaseRequest } from "../../src/catalog/image-recipes.ts";
import { nginxModuleFiles } from "../../src/catalog/nginx-modules.ts";
import { HowdahError } from "../../src/kernel/howdah-error.ts";
import { createImageBuilder } from "../../src/providers/image/create-image-builder.ts";
import { parseModules, runOnce } from "../../src/providers/image/php-gate.ts";
import type { ImageBuilder, SiteImageRequest } from "../../src/providers/image-builder.ts";
import { emptyLock, type Lock } from "../../src/providers/image-lock.ts";
import { run } from "../../src/providers/process.ts";
import { hiddenPaths } from "../../src/render/nginx/protected-names.ts";

const able = getuid?.() === 0 && spawnSync("podman", ["--version"]).status === 0;

/** The requirements' 23 modules, and what the applications we know want besides. */
const extensions = (
  "bcmath bz2 calendar curl exif gd gettext gmp igbinary imagick intl ldap mbstring mysqli opcache pcntl pdo_mysql redis shmop soap sockets " +
  "sodium sysvsem xsl zip"
).split(" ");
const php = (version: "7.4" | "8.2" | "8.4"): BaseRequest => ({
  kind: "php",
  version,
  extensions: version === "8.4" ? extensions : [...extensions, "imap"],
  flavour: "slim",
  packages: [],
});
const nginx: BaseRequest = { kind: "nginx", modules: ["brotli", "lua", "modsecurity", "ndk"] };
const silent = (): void => {};
const sha256 = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

describe.skipIf(!able)("base images", () => {
  let images: ImageBuilder;
  let lock: Lock;
  beforeAll(async () => {
    images = await createImageBuilder({
      cacheDir: process.env["HOWDAH_CACHE_DIR"] ?? join(homedir(), ".cache", "howdah"),
      entrypointDir: resolve("src/entrypoint"),
      mirror: process.env["HOWDAH_DEBIAN_MIRROR"],
    });
    lock = await images.lock({ images: [php("7.4"), php("8.2"), php("8.4"), nginx] }, silent);
  });

  it.each(["7.4", "8.2", "8.4"] as const)(
    "PHP %s loads every extension that was asked for, in FPM and on the command line",
    async (version) => {
      const built = await images.ensureBase(php(version), lock, silent);
      const cli = parseModules((await run(runOnce(built.reference, ["/usr/bin/php", "-m"]))).stdout);
      const fpm = parseModules((await run(runOnce(built.reference, ["/usr/sbin/php-fpm", "-m"]))).stdout);
      expect(extensions.filter((name) => !cli.includes(name))).toEqual([]);
      expect(extensions.filter((name) => !fpm.includes(name))).toEqual(["pcntl"]);
      const code =
        'echo json_encode([iconv("GB18030", "UTF-8", iconv("UTF-8", "GB18030", "你好")), setlocale(LC_ALL, "C.UTF-8"), posix_getuid(), ' +
        'count((new Imagick())->queryFormats("PNG")), file_exists("/bin/sh"), file_exists("/usr/bin/dpkg"), is_readable("/etc/ssl/certs/ca-certificates.crt")]);';
      const said = await run(runOnce(built.reference, ["/usr/bin/php", "-r", code]));
      expect(JSON.parse(said.stdout)).toEqual(["你好", "C.UTF-8", 50000, 1, false, false, true]);
    },
  );

  it("nginx loads the chosen modules", async () => {
    const built = await images.ensureBase(nginx, lock, silent);
    const directory = await mkdtemp(join(tmpdir(), "howdah-"));
    await chmod(directory, 0o755);
    const modules = nginxModuleFiles(["brotli", "lua", "modsecurity", "ndk"]).map((file) => `load_module ${file};\n`);
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path /tmp/${name};`).join(" ");
    await writeFile(
      join(directory, "nginx.conf"),
      `${modules.join("")}pid /tmp/pid; events {} http { access_log off; ${paths} server { listen 8080; modsecurity on; brotli on; location / { content_by_lua_block { ngx.say(1) } } } }\n`,
    );
    const argv = ["podman", "run", "--rm", "--network=none", "--read-only", "--tmpfs=/tmp", `--volume=${directory}:/c:ro`, built.reference];
    const ran = await run([...argv, "-e", "stderr", "-t", "-c", "/c/nginx.conf"]);
    await rm(directory, { recursive: true });
    expect(ran.stderr).toContain("test is successful");
  });

  it("gives the same digest when it is made again from nothing but the lock", async () => {
    const request: BaseRequest = { kind: "php", version: "8.4", extensions: ["mysqli"], flavour: "slim", packages: ["diffutils"] };
    const own = await images.lock({ images: [request], current: lock }, silent);
    const first = await images.ensureBase(request, own, silent);
    const again = await images.ensureBase(request, own, silent);
    expect(again).toEqual({ ...first, built: false });
    await images.remove([first.reference]);
    const second = await images.ensureBase(request, own, silent);
    expect(second).toEqual({ ...first, built: true });
    await images.remove([first.reference]);
  });

  it("names what a lock lacks and what a PHP version has not", async () => {
    const codes = await Promise.all(
      [
        images.ensureBase(php("8.4"), emptyLock, silent),
        images.lock({ images: [{ kind: "php", version: "8.4", extensions: ["imap"], flavour: "slim", packages: [] }] }, silent),
        images.lock({ images: [{ kind: "php", version: "8.4", extensions: [], flavour: "slim", packages: ["no-such-package"] }] }, silent),
      ].map((work) =>
        work.then(
          () => "none",
          (error: unknown) => (error instanceof HowdahError ? error.code : String(error)),
        ),
      ),
    );
    expect(codes).toEqual(["image/package-unknown", "image/package-unknown", "image/package-unknown"]);
  });
});

describe.skipIf(!able)("a site's images", () => {
  const site = "t-images-e2e";
  let directory: string;
  let images: ImageBuilder;
  let lock: Lock;
  let base: Omit<SiteImageRequest, "source">;
  const bases: readonly BaseRequest[] = [
    { kind: "php", version: "8.4", extensions: ["mysqli"], flavour: "slim", packages: [] },
    { kind: "nginx", modules: ["brotli"] },
    { kind: "php-builder", version: "8.4", extensions: [], packages: [] },
  ];
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "howdah-"));
    images = await createImageBuilder({
      cacheDir: process.env["HOWDAH_CACHE_DIR"] ?? join(homedir(), ".cache", "howdah"),
      entrypointDir: resolve("src/entrypoint"),
    });
    lock = await images.lock({ images: bases }, silent);
    const [phpBase, webBase] = await Promise.all(bases.slice(0, 2).map((request) => images.ensureBase(request, lock, silent)));
    base = {
      site,
      web: webBase?.reference ?? "",
      php: phpBase?.reference ?? "",
      followInto: [],
      ignore: [],
      configuration: [],
      hooks: [],
      builder: bases[2] ?? { kind: "node-builder", version: "20" },
      node: "20",
      served: { locations: [{ path: "/", directory: ".", serves: "public" }], hidden: hiddenPaths([]), mounts: [] },
    };
  });
  afterAll(async () => {
    const made = (await images.list()).filter((image) => image.site === site).map((image) => image.reference);
    await images.remove(made);
    await rm(directory, { recursive: true, force: true });
  });
  const put = async (files: Readonly<Record<string, string>>): Promise<string> => {
    const source = await mkdtemp(join(directory, "tree-"));
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(source, name)), { recursive: true });
      await writeFile(join(source, name), content);
    }
    return source;
  };
  const inside = async (image: string, code: string): Promise<string> => (await run(runOnce(image, ["/usr/bin/php", "-r", code]))).stdout;

  it("are built once for the same content, wherever it lies", async () => {
    const photo = `pixels ${randomBytes(8).toString("hex")}`; // a layer of its own, in both images
    const files = {
      "index.php": "<?php echo 1;",
      "photo.png": photo,
      "app.js": "let a = 1;\n".repeat(500),
      ".env": "SECRET=1",
      ".git/config": "x",
    };
    const first = await images.ensureSite({ ...base, source: await put(files), seeds: ["data"] }, lock, silent);
    const second = await images.ensureSite({ ...base, source: await put(files), seeds: ["data"] }, lock, silent);
    expect([first.web.built, second.web.built, second.php?.built]).toEqual([true, false, false]);
    expect(second.codeDigest).toBe(first.codeDigest);
    const listing = await inside(
      first.php?.reference ?? "",
      'echo json_encode([scandir("/srv/web"), is_dir("/usr/share/howdah/seed/data")]);',
    );
    expect(JSON.parse(listing)).toEqual([[".", "..", "app.js", "index.php", "photo.png"], true]);
    const changed = await images.ensureSite({ ...base, source: await put({ ...files, "index.php": "<?php echo 2;" }) }, lock, silent);
    expect([changed.web.built, changed.php?.built]).toEqual([false, true]);
  });

  it("hold what build hooks make, with composer's path repositories", async () => {
    const source = await put({
      "composer.json": JSON.stringify({
        name: "t/app",
        repositories: [{ type: "path", url: "packages/*" }, { "packagist.org": false }],
        require: { "t/lib": "*" },
      }),
      "packages/lib/composer.json": JSON.stringify({ name: "t/lib", version: "1.0.0", autoload: { "psr-4": { "Lib\\": "src/" } } }),
      "packages/lib/src/A.php": "<?php namespace Lib; class A { const X = 41; }",
      "index.php": "<?php require __DIR__ . '/vendor/autoload.php'; echo Lib\\A::X + 1;",
    });
    const lines: string[] = [];
    const built = await images.ensureSite({ ...base, source, hooks: [["composer", "install"]] }, lock, (event) => {
      if (event.type === "output") lines.push(event.line);
    });
    expect(lines.join("\n")).toContain("t/lib");
    expect(await inside(built.php?.reference ?? "", 'require "/srv/web/index.php";')).toBe("42");
  });

  it("are not made when a hook fails; its last 100 lines are told", async () => {
    const source = await put({ "index.php": "1" });
    // other files build and prune at the same time, some of them bases of the same names
    const own = async (): Promise<readonly string[]> =>
      (await images.list()).filter((image) => image.site === site).map(({ reference }) => reference);
    const before = await own();
    const error: unknown = await images
      .ensureSite({ ...base, source, hooks: [["sh", "-c", "seq 1 150; exit 3"]] }, lock, silent)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(HowdahError);
    const failure = error as HowdahError;
    expect([failure.code, failure.output.length, failure.output.at(-1)]).toEqual(["image/build-hook-failed", 100, "150"]);
    expect(await own()).toEqual(before);
  });

  it("hold no secret, dump or backup in any layer, cache or message, and no PHP source in the web image (I1)", async () => {
    const secret = `canary-${randomBytes(12).toString("hex")}`;
    const script = `canary-${randomBytes(12).toString("hex")}`;
    const hidden = [
      ".env",
      ".env.production",
      ".git/config",
      "app/.git/HEAD",
      "db-dump.sql",
      "site.sql.gz",
      "wp-config.php.bak",
      "wp-config.php~",
    ];
    const listed = ["private/notes.txt", "wp-config.php.save", ".npmrc", "auth.json", "deploy/id_rsa", "backup-2024.sql"];
    const source = await put({
      ...Object.fromEntries([...hidden, ...listed].map((name) => [name, `password = ${secret}\n`])),
      ".howdahignore": "/private\n",
      "index.php": `<?php // ${script}`,
      "lib/db.inc": `<?php // ${script}`,
      "old/x.PHP": `<?php // ${script}`,
      "schema.sql": `-- ${script}`,
      "style.css": "a { color: red }\n".repeat(200),
    });
    await symlink("index.php", join(source, "source.txt"));
    const cacheDir = join(directory, "canary-cache");
    const own = await createImageBuilder({ cacheDir, entrypointDir: resolve("src/entrypoint") });
    const said: string[] = [];
    const built = await own.ensureSite({ ...base, source, seeds: ["app"] }, lock, (event) => said.push(JSON.stringify(event)));
    const bytesOf = async (reference: string): Promise<Buffer> => {
      const exported = await own.export(reference, (event) => said.push(JSON.stringify(event)));
      const layers = await Promise.all(
        exported.layers.slice(1).map(async (layer) => gunzipSync(Buffer.concat(await layer.open().toArray()))),
      );
      return Buffer.concat([exported.config.bytes, ...layers]);
    };
    const web = await bytesOf(built.web.reference);
    const php = await bytesOf(built.php?.reference ?? "");
    expect([web.includes(secret), php.includes(secret), web.includes(script), php.includes(script)]).toEqual([false, false, false, true]);
    expect([web.includes("style.css.br"), php.includes("style.css.br"), web.includes("srv/web/index.php")]).toEqual([true, false, true]);
    expect(said.join("\n")).not.toContain(secret);
    const kept = await readdir(cacheDir, { recursive: true, withFileTypes: true });
    for (const entry of kept.filter((one) => one.isFile())) {
      const bytes = await readFile(join(entry.parentPath, entry.name));
      const plain = entry.name.endsWith(".gz") ? gunzipSync(bytes) : entry.name.endsWith(".br") ? brotliDecompressSync(bytes) : bytes;
      expect([entry.name, plain.includes(secret)]).toEqual([entry.name, false]);
    }
  });

  it("have a changed line in one small layer; a script's change leaves the web image as it is", async () => {
    const files = { "index.php": "<?php echo 1;", "app.css": "a{}\n".repeat(900), "vendor/lib/a.php": "<?php return 1;" };
    const source = await put(files);
    const layersOf = async (reference: string | undefined): Promise<readonly string[]> =>
      JSON.parse((await run(["podman", "image", "inspect", "--format={{json .RootFS.Layers}}", reference ?? ""])).stdout) as string[];
    const first = await images.ensureSite({ ...base, source }, lock, silent);
    await writeFile(join(source, "index.php"), "<?php echo 2;");
    const second = await images.ensureSite({ ...base, source }, lock, silent);
    expect([second.web.built, second.web.reference, second.php?.built]).toEqual([false, first.web.reference, true]);
    const [before, after] = [await layersOf(first.php?.reference), await layersOf(second.php?.reference)];
    expect(after.filter((layer) => !before.includes(layer)).length).toBe(1);
    expect(await inside(second.php?.reference ?? "", 'require "/srv/web/index.php"; echo require "/srv/web/vendor/lib/a.php";')).toBe("21");
    await images.remove([first.web.reference, ...[first, second].map((made) => made.php?.reference ?? "")]);
    const again = await images.ensureSite({ ...base, source }, lock, silent);
    expect([again.web.built, again.php?.built, again.php?.reference, again.php?.digest]).toEqual([
      true,
      true,
      second.php?.reference,
      second.php?.digest,
    ]);
  });

  it("are exported with gzip layers whose bytes are what the manifest says, and whose tars are what the configuration says", async () => {
    const built = await images.ensureSite({ ...base, source: await put({ "index.php": "<?php echo 1;" }) }, lock, silent);
    const exported = await images.export(built.web.reference, silent);
    const again = await images.export(built.web.reference, silent);
    expect(again.manifest.digest).toBe(exported.manifest.digest);
    const config = JSON.parse(Buffer.from(exported.config.bytes).toString()) as { rootfs: { diff_ids: string[] } };
    expect(exported.layers.map((layer) => layer.diffId)).toEqual(config.rootfs.diff_ids);
    for (const layer of exported.layers) {
      const bytes = Buffer.concat(await layer.open().toArray());
      expect([layer.size, layer.digest, layer.diffId]).toEqual([bytes.length, sha256(bytes), sha256(gunzipSync(bytes))]);
      expect(Buffer.concat(await layer.open(10).toArray()).equals(bytes.subarray(10))).toBe(true);
    }
  });

  it("report links that lead out of the tree", async () => {
    const source = await put({ "index.php": "1" });
    await symlink("/etc/shadow", join(source, "shadow"));
    const built = await images.ensureSite({ ...base, source, followInto: ["/etc"] }, lock, silent);
    expect(built.skippedLinks).toEqual([{ path: "shadow", target: "/etc/shadow", why: "private" }]);
  });
});
