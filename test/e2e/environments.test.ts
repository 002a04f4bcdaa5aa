import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/providers/process.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";
import { type OutsideServer, outsideServer } from "../support/outside-server.ts";
import { stopAtEvent } from "../support/stop-at-event.ts";

const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`environments.test.ts is skipped: ${why}\n`);

const SECRET = "the-real-password-of-production";
/** Who names no browser is taken for a robot, and robots wake nobody. */
const READER = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" };
const PATIENCE = { timeout: 300_000, interval: 500 };
/** An address for documentation, which nobody else's machine has. */
const OUTSIDE = ["203.0.113.201", "203.0.113.202"] as const;

function siteFile(allow: string): string {
  return `apiVersion: howdah.dev/v1alpha1
kind: Site
metadata: {name: shop}
spec:
  runtime: {php: "8.4"}
  web: {root: public, microcache: false}
  database: {}
  mounts: {public/uploads: {}}
  hooks: {install: {sql: install.sql}}
  scale: {memory: 128Mi}
  variables:
    SMTP: {secret: smtp/password}
    KEY: {generate: {}}
  environments:
    secrets: {smtp/password: {value: a-sandbox}}
    allow: [${allow}]
`;
}

/** Rows and files as JSON; `?add=` makes one of each, `?call=` connects to a server, `?env` shows everything that the process was given. */
const PAGE = `<?php
header('Cache-Control: no-store');
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
$uploads = __DIR__ . '/uploads';
if (isset($_GET['call'])) {
    [$host, $port] = explode(':', $_GET['call']);
    exit(@fsockopen($host, (int) $port, $number, $words, 2) ? 'connected' : 'refused');
}
if (isset($_GET['env'])) exit(json_encode([getenv(), $_SERVER, gethostbyname('mariadb-11-8'), gethostbyname('mariadb-11-8.howdah-system')]));
$db = new mysqli(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME'), (int) getenv('DB_PORT'));
if (isset($_GET['add'])) {
    $db->prepare('INSERT INTO items (text) VALUES (?)')->execute([$_GET['add']]);
    file_put_contents("$uploads/{$_GET['add']}.txt", 'x');
}
$rows = array_column($db->query('SELECT text FROM items ORDER BY id')->fetch_all(), 0);
$files = array_map(fn ($path) => basename($path, '.txt'), glob("$uploads/*.txt"));
echo json_encode(['environment' => getenv('HOWDAH_ENVIRONMENT'), 'rows' => $rows, 'files' => $files, 'smtp' => getenv('SMTP')]);
`;

interface Shown {
  readonly rows: readonly string[];
  readonly files: readonly string[];
  readonly smtp: string;
}

describe.skipIf(why !== undefined && process.env["CI"] === undefined)("environments of a site", () => {
  let machine: HowdahMachine;
  let outside: OutsideServer;

  const hostOf = (environment: string): string => (environment === "" ? "shop.localhost" : `${environment}.shop.localhost`);
  const body = async (environment: string, query = ""): Promise<string> =>
    (await machine.get(hostOf(environment), `/?${query}`, { headers: READER })).body;
  const shown = async (environment: string, query = ""): Promise<Shown> => JSON.parse(await body(environment, query));
  const known = async (): Promise<readonly { readonly name: string; readonly state: string }[]> =>
    JSON.parse((await machine.ok("env", "ls", "shop", "--output", "json")).stdout);
  const named = async (argv: readonly string[]): Promise<string[]> =>
    (await run(["podman", ...argv])).stdout.split("\n").filter((name) => name.startsWith("t-envs.shop--"));
  /** Everything of environments that the machine has. */
  const left = async (): Promise<string[]> => {
    const state = machine.environment["HOWDAH_STATE_DIR"] ?? "";
    const documents = await readdir(state, { recursive: true });
    const storage = await readdir(join(state, "dataset-storage/mount/volumes")).catch(() => []);
    return [
      ...(await named(["ps", "-a", "--format", "{{.Names}}"])),
      ...(await named(["volume", "ls", "--format", "{{.Name}}"])),
      ...(await named(["network", "ls", "--format", "{{.Name}}"])),
      ...(await named(["secret", "ls", "--format", "{{.Name}}"])),
      ...documents.filter((path) => path.includes("shop--") && path.endsWith(".json")),
      ...storage.filter((id) => id.includes("shop--")),
    ];
  };

  beforeAll(async () => {
    machine = await howdahMachine("envs", 18_940, { HOWDAH_DATASET_GIB: "2" });
    outside = await outsideServer("t-envs-out", OUTSIDE);
    const code = join(machine.directory, "shop");
    await mkdir(join(code, "public"), { recursive: true });
    await writeFile(join(code, "public/index.php"), PAGE);
    await writeFile(join(code, "install.sql"), "CREATE TABLE items (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(100));\n");
    await writeFile(join(code, "howdah.yaml"), siteFile(""));
    await run([process.execPath, "bin/howdah", "secret", "set", "shop", "smtp/password"], {
      input: SECRET,
      env: { ...machine.environment },
    });
    await machine.ok("up", code);
    await shown("", "add=of-production");
  });
  afterAll(async () => {
    for (const { name } of await known().catch(() => [])) await machine.howdah("env", "delete", name, "shop", "--yes");
    await machine?.howdah("agent", "--stop");
    await outside?.stop();
    // The storage of datasets outlives every environment.
    await run(["umount", join(machine.environment["HOWDAH_STATE_DIR"] ?? "", "dataset-storage/mount")], { accept: "any" });
    expect(await machine.remove()).toEqual([]);
  });

  it("are made from nothing and as a copy of another, and none sees what another has", async () => {
    await machine.ok("env", "create", "one", "shop", "--fresh");
    await shown("one", "add=of-one");
    await machine.ok("env", "create", "two", "shop", "--clone-of", "one", "--password");
    const refused = await machine.get(hostOf("two"), "/");
    expect([refused.status, refused.headers["x-robots-tag"]]).toEqual([401, "noindex, nofollow, noarchive"]);
    const { password, user } = JSON.parse((await machine.ok("env", "show", "two", "shop", "--output", "json")).stdout);
    const headers = { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
    const two = JSON.parse((await machine.get(hostOf("two"), "/?add=of-two", { headers })).body);
    expect([two.rows, two.files]).toEqual([
      ["of-one", "of-two"],
      ["of-one", "of-two"],
    ]);
    expect(await shown("one")).toMatchObject({ rows: ["of-one"], files: ["of-one"], environment: "one" });
    expect(await shown("")).toMatchObject({ rows: ["of-production"], files: ["of-production"] });
  });

  it("have none of production's secrets, and none can be had from inside (E7)", async () => {
    const state = machine.environment["HOWDAH_STATE_DIR"] ?? "";
    const files = ["shop", "howdah-system"].map((namespace) => join(state, "secrets", namespace));
    const real: string[] = [];
    for (const directory of files) for (const file of await readdir(directory)) real.push(await readFile(join(directory, file), "utf8"));
    const values = real.flatMap((text) => Object.values(JSON.parse(text) as Readonly<Record<string, string>>));
    expect(values).toContain(SECRET);
    expect((await shown("")).smtp).toBe(SECRET);
    expect((await shown("one")).smtp).toBe("a-sandbox");
    const given = await body("one", "env");
    expect(values.filter((value) => given.includes(value))).toEqual([]);
    const [, , ...addresses] = JSON.parse(given) as [unknown, unknown, string, string];
    expect(addresses).toEqual(["mariadb-11-8", "mariadb-11-8.howdah-system"]); // not found
    const { stdout } = await run([
      "podman",
      "inspect",
      "--format",
      "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}",
      await productionServer(),
    ]);
    for (const address of stdout.trim().split(" ")) expect(await body("one", `call=${address}:3306`)).toBe("refused");
  });

  it("call nobody but whom the site file allows", async () => {
    const target = `call=${outside.address}:${String(outside.port)}`;
    expect(await body("", target)).toBe("connected");
    expect(await body("one", target)).toBe("refused");
    await writeFile(join(machine.directory, "shop/howdah.yaml"), siteFile(`"${outside.address}:80"`));
    await machine.ok("deploy", "shop");
    await machine.ok("env", "sync", "one", "shop", "--yes");
    expect(await body("one", target)).toBe("connected");
    expect(await shown("one")).toMatchObject({ rows: [], files: [] });
  });

  it("are reset to what they began as, and brought back from sleep by a visitor", async () => {
    await machine.ok("env", "create", "three", "shop", "--clone-of", "two");
    expect(await shown("three", "add=of-three")).toMatchObject({ rows: ["of-one", "of-two", "of-three"] });
    await machine.ok("env", "delete", "two", "shop", "--yes");
    await machine.ok("env", "reset", "three", "shop", "--yes");
    expect(await shown("three")).toMatchObject({ rows: ["of-one", "of-two"], files: ["of-one", "of-two"] });
    await machine.ok("idle", "shop--three");
    expect(await shown("three")).toMatchObject({ rows: ["of-one", "of-two"] });
  });

  it("that were cut off while they were made or deleted go, and nothing of any is left", async () => {
    const cut = await stopAtEvent(machine, "SIGKILL", { containing: "StatefulSet/database" }, "env", "create", "four", "shop", "--fresh");
    expect(cut).toBe(true);
    await expect.poll(async () => (await known()).map(({ name }) => name), PATIENCE).toEqual(["one", "three"]);
    await machine.ok("env", "delete", "one", "shop", "--yes");
    await machine.ok("env", "delete", "three", "shop", "--yes");
    await expect.poll(left, PATIENCE).toEqual([]);
  });

  async function productionServer(): Promise<string> {
    const { stdout } = await run(["podman", "ps", "--format", "{{.Names}}", "--filter", "name=^t-envs.howdah-system.mariadb"]);
    return stdout.split("\n").find((name) => name.endsWith("._infra")) ?? "";
  }
});
