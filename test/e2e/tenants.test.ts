import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { extract } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/providers/process.ts";
import type { ExportManifest } from "../../src/workflows/tenant/export-tenant.ts";
import type { Tenant } from "../../src/workflows/tenant/tenant.ts";
import type { TenantUsage } from "../../src/workflows/tenant/tenant-usage.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";

const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`tenants.test.ts is skipped: ${why}\n`);

const ACME = "shop.acme.localhost";
const LIBRARY = "shop.library.localhost";

const SITE = `apiVersion: howdah.dev/v1alpha1
kind: Site
metadata: {name: shop}
spec:
  runtime: {php: "8.4"}
  web: {root: public}
  database: {}
  mounts:
    uploads: {size: 64Mi}
  hooks: {install: php install.php}
`;

const DATABASE = `<?php
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
function database(): mysqli {
    return new mysqli(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME'), (int) getenv('DB_PORT'));
}
`;

const PAGE = `<?php
require __DIR__ . '/../database.php';
header('Cache-Control: no-store');
$db = database();
if (isset($_GET['write'])) {
    $db->execute_query('INSERT INTO words VALUES (?)', [$_GET['write']]);
    file_put_contents(__DIR__ . '/../uploads/' . $_GET['write'] . '.txt', $_GET['write']);
}
if (isset($_GET['sleep'])) $db->query('SELECT SLEEP(120)');
if (isset($_GET['reach'])) {
    $answer = [];
    foreach (explode(',', $_GET['reach']) as $place) {
        [$host, $port] = explode(':', $place);
        $answer[] = @fsockopen($host, (int) $port, $code, $words, 2) === false ? 'no' : 'yes';
    }
    exit(implode(' ', $answer));
}
if (isset($_GET['other'])) {
    try { $db->query('SELECT * FROM \`' . $_GET['other'] . '\`.words'); exit('let in'); } catch (mysqli_sql_exception $error) { exit('refused ' . $error->getCode()); }
}
$words = array_column($db->query('SELECT word FROM words ORDER BY word')->fetch_all(), 0);
echo getenv('HOWDAH_SITE'), ': ', implode(' ', $words), "\\n";
`;

describe.skipIf(why !== undefined && process.env["CI"] === undefined)("tenants on one machine", () => {
  let machine: HowdahMachine;
  let code: string;

  beforeAll(async () => {
    machine = await howdahMachine("tenants", 18840);
    code = join(machine.directory, "shop");
    await mkdir(join(code, "public"), { recursive: true });
    await writeFile(join(code, "howdah.yaml"), SITE);
    await writeFile(join(code, "database.php"), DATABASE);
    await writeFile(
      join(code, "install.php"),
      "<?php\nrequire __DIR__ . '/database.php';\ndatabase()->query('CREATE TABLE words (word VARCHAR(40))');\n",
    );
    await writeFile(join(code, "public/index.php"), PAGE);
  }, 240_000);
  afterAll(async () => {
    await machine?.remove();
  }, 240_000);

  const tenant = async (name: string): Promise<Tenant & { readonly state: string }> =>
    JSON.parse((await machine.ok("tenant", "show", name, "--output", "json")).stdout) as Tenant & { readonly state: string };
  const page = async (host: string, query = ""): Promise<string> => (await machine.get(host, `/${query}`)).body;

  it("come up with a site in one command, with what their profile gives", { timeout: 300_000 }, async () => {
    const started = Date.now();
    await machine.ok(
      "tenant",
      "create",
      "acme",
      "--profile",
      "own",
      "--workers",
      "3",
      "--connections",
      "6",
      "--memory",
      "192Mi",
      "--site",
      code,
    );
    expect(await page(ACME)).toBe("acme--shop: \n");
    process.stderr.write(`tenant create to first page: ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
    expect(await tenant("acme")).toMatchObject({ state: "active", profile: "own", sites: [{ site: "shop", namespace: "acme--shop" }] });
    const { stdout } = await run(["podman", "ps", "--format", "{{.Names}}"]);
    const php = stdout.split("\n").find((name) => name.startsWith("t-tenants.acme--shop.") && name.endsWith(".php")) ?? "";
    expect((await run(["podman", "inspect", "--format", "{{.HostConfig.Memory}}", php])).stdout.trim()).toBe(String(192 * 1024 ** 2));
    const again = await machine.ok(
      "tenant",
      "create",
      "acme",
      "--profile",
      "own",
      "--workers",
      "3",
      "--connections",
      "6",
      "--memory",
      "192Mi",
    );
    expect(again.stdout).toContain("acme");
    expect(await machine.howdah("tenant", "create", "acme", "--profile", "large")).toMatchObject({ code: 65 });
  });

  it("with the same site are kept apart: data, database and network", { timeout: 300_000 }, async () => {
    const list = join(machine.directory, "tenants.txt");
    await writeFile(list, `# clients\nlibrary small ${code}\n\nempty medium # nothing yet\n`);
    await machine.ok("tenant", "create", "--from", list);
    const [first] = JSON.parse((await machine.ok("tenant", "create", "--from", list, "--output", "json")).stdout) as { outcome: string }[];
    expect(first?.outcome).toBe("there already");
    await page(ACME, "?write=ours");
    await page(LIBRARY, "?write=theirs");
    expect([await page(ACME), await page(LIBRARY)]).toEqual(["acme--shop: ours\n", "library--shop: theirs\n"]);
    const record = async (name: string): Promise<{ database: { name: string } }> =>
      JSON.parse(await readFile(join(machine.environment["HOWDAH_STATE_DIR"] ?? "", "sites", `${name}.json`), "utf8")) as never;
    const other = (await record("library--shop")).database.name;
    expect(await page(ACME, `?other=${other}`)).toMatch(/^refused (1142|1044)/);
    expect(await page(ACME, `?other=${(await record("acme--shop")).database.name}`)).toBe("let in");
    const { stdout } = await run(["podman", "ps", "--filter", "name=^t-tenants.library--shop", "--format", "{{.ID}}"]);
    const inspected = await run([
      "podman",
      "inspect",
      "--format",
      "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}",
      ...stdout.trim().split("\n"),
    ]);
    const address = inspected.stdout.split(/\s+/).find((one) => one !== "") ?? "";
    const own = await run(["podman", "ps", "--filter", "name=^t-tenants.acme--shop", "--format", "{{.ID}}"]);
    const ownInspected = await run([
      "podman",
      "inspect",
      "--format",
      "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}",
      ...own.stdout.trim().split("\n"),
    ]);
    const ownAddress = ownInspected.stdout.split(/\s+/).find((one) => one !== "") ?? "";
    expect(await page(ACME, `?reach=${address}:8080,${ownAddress}:8080`)).toBe("no yes");
  });

  it("are measured", { timeout: 120_000 }, async () => {
    const usage = JSON.parse((await machine.ok("usage", "--output", "json")).stdout) as TenantUsage[];
    expect(usage.map((one) => one.tenant)).toEqual(["acme", "empty", "library"]);
    const acme = usage[0];
    expect(acme?.sites[0]?.volumeBytes).toBeGreaterThanOrEqual(4);
    expect(acme?.memoryBytes).toBeGreaterThan(1024 ** 2);
    expect(acme?.cpuSeconds).toBeGreaterThan(0);
    await page(ACME);
    const { stdout } = await machine.ok("usage", "acme", "--prometheus");
    expect(Number(/howdah_site_database_queries_total\{tenant="acme",site="shop"\} (\d+)/.exec(stdout)?.[1])).toBeGreaterThan(0);
  });

  it("that are suspended answer 503 with a page, and live database sessions end; resumed, all is back", { timeout: 300_000 }, async () => {
    const sleeping = machine.get(ACME, "/?sleep=1").then(
      ({ status }) => status,
      () => "cut",
    );
    await expect
      .poll(async () => JSON.stringify(JSON.parse((await machine.ok("usage", "acme", "--output", "json")).stdout)), {
        timeout: 60_000,
        interval: 500,
      })
      .toContain('"connections":1');
    const suspended = machine.start("tenant", "suspend", "acme", "--yes", "--message", "Closed <for> now.");
    expect(await sleeping).not.toBe(200);
    expect((await suspended.done).code).toBe(0);
    const answer = await machine.get(ACME, "/");
    expect([answer.status, answer.body]).toEqual([503, expect.stringContaining("Closed &lt;for&gt; now.")]);
    expect(await page(LIBRARY)).toBe("library--shop: theirs\n");
    expect((await tenant("acme")).state).toMatch(/^suspended since/);
    expect(await machine.howdah("up", code, "--tenant", "acme")).toMatchObject({ code: 75 });
    expect(await machine.howdah("deploy", "acme/shop")).toMatchObject({ code: 75 });
    const { stdout } = await run(["podman", "ps", "--filter", "name=^t-tenants.acme--shop", "--format", "{{.Names}}"]);
    expect(stdout.trim()).toBe("");
    await machine.ok("tenant", "resume", "acme");
    await expect.poll(() => page(ACME), { timeout: 60_000 }).toBe("acme--shop: ours\n");
  });

  it("have a key pair of their own, and both are valid while it is rotated", { timeout: 120_000 }, async () => {
    const keys = async (): Promise<Record<string, string>> =>
      JSON.parse(
        await readFile(join(machine.environment["HOWDAH_STATE_DIR"] ?? "", "secrets/acme--shop/tenant-keys.json"), "utf8"),
      ) as Record<string, string>;
    const before = await keys();
    await machine.ok("tenant", "rotate-key", "acme");
    const between = await keys();
    expect((JSON.parse(between["jwks.json"] ?? "") as { keys: { kid: string }[] }).keys.map(({ kid }) => kid)).toEqual([
      between["key-id"],
      before["key-id"],
    ]);
    expect(await machine.howdah("tenant", "rotate-key", "acme")).toMatchObject({ code: 64 });
    await machine.ok("tenant", "rotate-key", "acme", "--finish");
    expect((JSON.parse((await keys())["jwks.json"] ?? "") as { keys: unknown[] }).keys).toHaveLength(1);
  });

  it("are handed over whole: dump, files and site file, as the checksums say", { timeout: 180_000 }, async () => {
    const file = join(machine.directory, "acme.tar");
    await machine.ok("tenant", "export", "acme", file);
    const contents = await contentsOf(file);
    const manifest = JSON.parse(contents.get("manifest.json")?.toString() ?? "") as ExportManifest;
    expect(manifest.files.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["sites/shop/database.sql.gz", "sites/shop/files/uploads/ours.txt", "sites/shop/howdah.yaml"]),
    );
    for (const { path, sha256 } of manifest.files)
      expect(
        createHash("sha256")
          .update(contents.get(path) ?? "")
          .digest("hex"),
        path,
      ).toBe(sha256);
    expect(contents.get("sites/shop/howdah.yaml")?.toString()).toBe(SITE);
    expect(contents.get("sites/shop/files/uploads/ours.txt")?.toString()).toBe("ours");
    const dump = gunzipSync(contents.get("sites/shop/database.sql.gz") ?? Buffer.alloc(0)).toString();
    expect(dump).toContain("'ours'");
    expect(dump).not.toContain("theirs");
    expect(await machine.howdah("tenant", "export", "acme", file)).toMatchObject({ code: 64 });
  });

  it("are created to the end when the command was killed in the middle", { timeout: 300_000 }, async () => {
    const copy = join(machine.directory, "wiki");
    await cp(code, copy, { recursive: true });
    await writeFile(join(copy, "howdah.yaml"), SITE.replace("name: shop", "name: wiki"));
    const argv = ["tenant", "create", "killed", "--site", copy] as const;
    for (const words of ["Database (MariaDB", "Starting"]) {
      const started = machine.start(...argv, "--verbose");
      if (await started.says(words)) process.kill(started.pid, "SIGKILL");
      await started.done;
    }
    expect((await tenant("killed")).state).toMatch(/^being created|^active/);
    await machine.ok(...argv);
    expect((await tenant("killed")).state).toBe("active");
    expect(await page("wiki.killed.localhost")).toBe("killed--wiki: \n");
  });

  it("are deleted after their data was handed over, also when the command is killed; only kept data is left", {
    timeout: 300_000,
  }, async () => {
    expect(await machine.howdah("tenant", "delete", "acme", "--yes")).toMatchObject({ code: 64 });
    const file = join(machine.directory, "last.tar");
    const started = machine.start("tenant", "delete", "acme", "--yes", "--export", file, "--verbose");
    if (await started.says("Taking away")) process.kill(started.pid, "SIGKILL");
    await started.done;
    await machine.howdah("tenant", "delete", "acme", "--yes", "--export", file);
    await expect.poll(async () => (await machine.howdah("tenant", "show", "acme")).code, { timeout: 120_000, interval: 1000 }).toBe(66);
    expect((await contentsOf(file)).get("sites/shop/files/uploads/ours.txt")?.toString()).toBe("ours");
    const { stdout } = await run(["podman", "ps", "-a", "--filter", "name=^t-tenants.acme--shop", "--format", "{{.Names}}"]);
    expect(stdout.trim()).toBe("");
    const status = JSON.parse((await machine.howdah("status", "--output", "json")).stdout) as { retained: { namespace: string }[] };
    expect(JSON.stringify(status.retained)).toContain("acme--shop");
    // Another tenant of that name gets none of it.
    expect(await machine.howdah("tenant", "create", "acme", "--site", code)).toMatchObject({ code: 65 });
    await machine.ok("destroy", "acme--shop", "--purge", "--yes");
    await machine.ok("tenant", "delete", "acme", "--no-export", "--yes");
    for (const name of ["library", "killed", "empty"]) await machine.ok("tenant", "delete", name, "--no-export", "--yes");
    for (const name of ["library--shop", "killed--wiki"]) await machine.ok("destroy", name, "--purge", "--yes");
    expect(JSON.parse((await machine.ok("tenant", "ls", "--output", "json")).stdout)).toEqual([]);
    await rm(file);
    expect(await machine.remove()).toEqual([]);
  });
});

/** Every file of a tar, by name. */
async function contentsOf(file: string): Promise<ReadonlyMap<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  const archive = extract();
  createReadStream(file).pipe(archive);
  for await (const entry of archive) {
    const { name } = (entry as unknown as { readonly header: { readonly name: string } }).header;
    contents.set(name, await buffer(entry));
  }
  return contents;
}
