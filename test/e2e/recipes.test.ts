import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Suite } from "../../src/catalog/debian-suites.ts";
import { configurationPresets } from "../../src/catalog/presets/configuration-presets.ts";
import { debianApp } from "../support/debian-app.ts";
import {
  missingPrograms,
  type Outcome,
  startEntrypoint,
  startServer,
  type TestServer,
  writeConfiguration,
} from "../support/entrypoint-rig.ts";
import { materializeTree } from "../support/materialize-tree.ts";

const missing = missingPrograms();
const RECIPES = resolve("src/entrypoint/php/recipes");
/** With all that a shell, SQL or an ini file could stumble over. */
const PASSWORD = `it's "a" $HOME \\ long#one`;

describe.skipIf(missing !== undefined)(`recipes on real applications${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
  let server: TestServer;
  let work: string;

  beforeAll(async () => {
    server = await startServer();
    work = mkdtempSync(join(tmpdir(), "t-recipes-"));
  });
  afterAll(async () => {
    await server.stop();
    rmSync(work, { recursive: true, force: true });
  });

  const environment = (name: string): Record<string, string> => ({
    DB_HOST: "127.0.0.1",
    DB_PORT: String(server.port),
    DB_NAME: name,
    DB_USER: "u",
    DB_PASSWORD: `p w'"`,
    HOWDAH_URL: "http://site.localhost:8080",
    HOWDAH_HOSTNAMES: "site.localhost,www.example.org",
    HOWDAH_ADMIN_PASSWORD: PASSWORD,
    HOWDAH_SITE_TITLE: `Our "site's" <b>`,
    HOWDAH_SEEDS: join(work, "seeds"),
    MW_SECRET_KEY: "k".repeat(64),
    ...Object.fromEntries(
      ["AUTH", "SECURE_AUTH", "LOGGED_IN", "NONCE"].flatMap((key) => [
        [`WP_${key}_KEY`, key],
        [`WP_${key}_SALT`, `${key}s`],
      ]),
    ),
  });

  /** One start as a rollout makes it: the command that migrates once for each version, then the server. */
  async function serve(recipe: string, root: string, version: string, more: object = {}): Promise<Outcome> {
    const argv = (verb: string) => ({ argv: ["php", join(RECIPES, `${recipe}.php`), verb] });
    const migration = { step: version, repeatable: true, by: "start" };
    const config = writeConfiguration(work, {
      root,
      migration,
      hooks: { install: [argv("install")], migrate: [argv("migrate")] },
      ...more,
    });
    return await startEntrypoint(["serve"], { ...environment(recipe), HOWDAH_ENTRYPOINT_CONFIG: config }).outcome;
  }

  /** The application in PHP's own web server, asked by `use`. */
  async function browse<T>(
    root: string,
    database: string,
    use: (ask: (path: string, init?: RequestInit) => Promise<Response>) => Promise<T>,
  ): Promise<T> {
    const port = await new Promise<number>((done) => {
      const probe = createServer().listen(0, "127.0.0.1", () => {
        const address = probe.address();
        probe.close(() => done(typeof address === "object" && address !== null ? address.port : 0));
      });
    });
    const child: ChildProcess = spawn("php", ["-S", `127.0.0.1:${String(port)}`, "-t", root], {
      cwd: root,
      stdio: "ignore",
      env: { PATH: process.env["PATH"] ?? "", ...environment(database) },
    });
    try {
      for (let tries = 0; tries < 100; tries++) {
        const up = await fetch(`http://127.0.0.1:${String(port)}/robots.txt`).then(
          () => true,
          () => false,
        );
        if (up) break;
        await new Promise((done) => setTimeout(done, 50));
      }
      return await use((path, init) => fetch(`http://127.0.0.1:${String(port)}${path}`, { redirect: "manual", ...init }));
    } finally {
      child.kill("SIGKILL");
    }
  }

  async function tree(suite: Suite, packages: readonly string[], path: string): Promise<string> {
    const to = join(work, `${suite}-${packages[0] ?? ""}`);
    const root = await debianApp(suite, packages);
    materializeTree(root, join(root, path), to);
    return to;
  }

  it("WordPress: installs, logs in, does nothing at a second start, and upgrades 6.1 to 6.8", async () => {
    const old = await tree("bookworm", ["wordpress", "wordpress-theme-twentytwentythree"], "usr/share/wordpress");
    const next = await tree("trixie", ["wordpress", "wordpress-theme-twentytwentyfive"], "usr/share/wordpress");
    for (const root of [old, next]) writeFileSync(join(root, "wp-config.php"), configurationPresets["wordpress"]?.content ?? "");
    server.database("wordpress");
    const installed = await serve("wordpress", old, "6.1");
    expect(installed.stderr).toContain("WordPress is installed, administrator admin");
    expect(installed.exit).toBe(0);
    expect((await serve("wordpress", old, "6.1")).stderr).not.toMatch(/installing|migrating/);
    const upgraded = await serve("wordpress", next, "6.8");
    expect(upgraded.exit).toBe(0);
    expect(upgraded.stderr).toMatch(/went from version 53496 to [0-9]+/);
    await browse(next, "wordpress", async (ask) => {
      const body = new URLSearchParams({ log: "admin", pwd: PASSWORD, testcookie: "1" });
      const login = await ask("/wp-login.php", { method: "POST", body, headers: { cookie: "wordpress_test_cookie=WP%20Cookie%20check" } });
      expect(login.status).toBe(302);
      expect(login.headers.get("location")).toBe("http://site.localhost:8080/wp-admin/");
    });
  });

  it("MediaWiki: installs beside our LocalSettings.php, logs in, and updates 1.39 to 1.43", async () => {
    const old = await tree("bookworm", ["mediawiki", "mediawiki-classes"], "usr/share/mediawiki");
    const next = await tree("trixie", ["mediawiki", "mediawiki-classes"], "usr/share/mediawiki");
    for (const root of [old, next]) writeFileSync(join(root, "LocalSettings.php"), configurationPresets["mediawiki"]?.content ?? "");
    server.database("mediawiki");
    const installed = await serve("mediawiki", old, "1.39");
    expect(installed).toMatchObject({ exit: 0, stdout: "SERVER\n" });
    expect((await serve("mediawiki", old, "1.39")).stderr).not.toMatch(/installing|migrating/);
    expect((await serve("mediawiki", next, "1.43")).exit).toBe(0);
    expect(installed.stderr).not.toContain(PASSWORD);
    await browse(next, "mediawiki", async (ask) => {
      const tokens = await ask("/api.php?action=query&meta=tokens&type=login&format=json");
      const token = ((await tokens.json()) as { query: { tokens: { logintoken: string } } }).query.tokens.logintoken;
      const cookie = tokens.headers
        .getSetCookie()
        .map((each) => each.split(";")[0])
        .join("; ");
      const body = new URLSearchParams({
        action: "clientlogin",
        format: "json",
        loginreturnurl: "http://site.localhost/",
        logintoken: token,
        username: "Admin",
        password: PASSWORD,
      });
      const answer = await ask("/api.php", { method: "POST", body, headers: { cookie } });
      expect(await answer.json()).toMatchObject({ clientlogin: { status: "PASS" } });
    });
  });

  it("DokuWiki: writes an administrator once, and renews the files that nobody may edit", async () => {
    const root = join(work, "dokuwiki");
    for (const path of ["conf", "data"]) mkdirSync(join(root, path), { recursive: true });
    const more = { database: null, ledgerMount: join(root, "data") };
    expect((await serve("dokuwiki", root, "1", more)).exit).toBe(0);
    const users = readFileSync(join(root, "conf/users.auth.php"), "utf8");
    const hash = /^admin:([^:]+):Administrator:/m.exec(users)?.[1] ?? "";
    expect(
      execFileSync("php", ["-r", "echo password_verify($argv[1], $argv[2]) ? 'yes' : 'no';", PASSWORD, hash], { encoding: "utf8" }),
    ).toBe("yes");
    const title = execFileSync("php", ["-r", "include 'conf/local.php'; echo $conf['title'];"], { cwd: root, encoding: "utf8" });
    expect(title).toBe(`Our "site's" <b>`);
    const seed = join(work, "seeds/conf");
    mkdirSync(seed, { recursive: true });
    for (const name of ["mime.conf", "local.php", "acl.auth.php"]) writeFileSync(join(seed, name), "of the image");
    writeFileSync(join(root, "conf/mime.conf"), "old");
    expect((await serve("dokuwiki", root, "2", more)).exit).toBe(0);
    expect(
      ["mime.conf", "local.php", "acl.auth.php"].filter((name) => readFileSync(join(root, "conf", name), "utf8") === "of the image"),
    ).toEqual(["mime.conf"]);
  });

  it.each(Object.entries(configurationPresets))("preset %s is PHP", (name, { content }) => {
    const path = join(work, `${name}.php`);
    writeFileSync(path, content);
    expect(execFileSync("php", ["-l", path], { encoding: "utf8" })).toContain("No syntax errors");
  });

  it.each(readdirSync(RECIPES))("recipe script %s is PHP", (name) => {
    expect(execFileSync("php", ["-l", join(RECIPES, name)], { encoding: "utf8" })).toContain("No syntax errors");
  });
});
