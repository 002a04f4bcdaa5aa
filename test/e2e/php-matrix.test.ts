import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/providers/process.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";
import { stopAtEvent } from "../support/stop-at-event.ts";

const why = await whyNoMachine();

/** A site whose code wants PHP 8.1 (`readonly`), whose tests need their database, and a dependency that only development has. */
const files: Readonly<Record<string, string>> = {
  "howdah.yaml": `apiVersion: howdah.dev/v1alpha1
kind: Site
metadata: {name: matrix}
spec:
  runtime: {php: "8.2"}
  database: {version: "10.11"}
  mounts: {uploads: {}}
  hooks: {build: composer install --no-dev --no-interaction}
  variables: {APP_KEY: {generate: {bytes: 20}}, MAIL_PASSWORD: {secret: smtp/password}}
`,
  "composer.json": JSON.stringify({
    repositories: [{ type: "path", url: "dev", options: { symlink: false } }, { "packagist.org": false }],
    "require-dev": { "matrix/runner": "*" },
  }),
  "dev/composer.json": JSON.stringify({ name: "matrix/runner", version: "1.0.0", autoload: { files: ["runner.php"] } }),
  "dev/runner.php":
    "<?php\nfunction check(bool $is, string $what): void { echo $is ? 'ok' : 'FAILED', \" $what\\n\"; if (!$is) { exit(3); } }\n",
  // Another PHP's dependencies, as they lie in a working copy: not taken along.
  "vendor/autoload.php": "<?php throw new Exception('of the folder');",
  "src/counter.php": "<?php\nfinal class Counter { public function __construct(public readonly int $from) {} }\n",
  "tests/run.php": `<?php
require __DIR__ . '/../vendor/autoload.php';
require __DIR__ . '/../src/counter.php';
check((new Counter(3))->from === 3, 'typed code');
$db = new mysqli(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME'), (int) getenv('DB_PORT'));
$db->query('CREATE TABLE runs (php VARCHAR(20))');
$db->query('CREATE DATABASE ' . getenv('DB_NAME') . '_parallel_1');
for ($i = 0; $i < 20; $i++) { $db->query("INSERT INTO runs VALUES ('" . PHP_VERSION . "')"); usleep(50000); }
check((int) $db->query('SELECT COUNT(*) FROM runs')->fetch_row()[0] === 20, 'a database of its own');
check(file_put_contents('uploads/x', 'x') === 1 && file_put_contents('src/y', 'y') === 1, 'a tree that it may change');
check(strlen(getenv('APP_KEY')) === 20 && getenv('MAIL_PASSWORD') === getenv('EXPECT_MAIL'), 'variables, but no secret');
check(getenv('DKIM_KEY') === (getenv('LINES') === false ? false : "one\\ntwo"), 'a variable of several lines');
check(ini_get('zend.assertions') === '1', 'assertions');
file_put_contents('junit.xml', '<testsuites name="' . PHP_VERSION . '"/>');
`,
  "tests/slow.php": '<?php\necho "it runs\\n"; sleep(600);\n',
};

describe.skipIf(why !== undefined && process.env["CI"] === undefined)("howdah test", () => {
  let machine: HowdahMachine;
  let site = "";

  /** What is in podman of test runs, and their files. */
  const left = async (): Promise<readonly string[]> => {
    const ours = "--filter=label=howdah.dev/test=t-matrix";
    const lists = await Promise.all([
      run(["podman", "ps", "--all", ours, "--format={{.Names}}"]),
      run(["podman", "network", "ls", ours, "--format={{.Name}}"]),
    ]);
    const names = lists.flatMap(({ stdout }) => stdout.split("\n").filter((line) => line !== ""));
    return [...names, ...(await readdir(join(machine.environment["HOWDAH_RUN_DIR"] ?? "", "test")).catch(() => []))];
  };

  beforeAll(async () => {
    machine = await howdahMachine("matrix", 18600);
    site = join(machine.directory, "site");
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(site, path)), { recursive: true });
      await writeFile(join(site, path), text);
    }
  });
  afterAll(async () => {
    expect(await machine.remove()).toEqual([]);
  });

  it("passes on the versions that the code runs on, fails on the one that it does not, and leaves nothing", async () => {
    const argv = [
      "--php",
      "7.4,8.2,8.4",
      "--env",
      "EXPECT_MAIL=",
      "--env",
      "MAIL_PASSWORD=",
      "--env",
      "DKIM_KEY=one\ntwo",
      "--env",
      "LINES=2",
      "--junit",
      "junit.xml",
      "--",
      "php",
      "tests/run.php",
    ];
    const said = await machine.howdah("test", site, "--output", "json", ...argv);
    const { results, passed } = JSON.parse(said.stdout) as {
      readonly passed: boolean;
      readonly results: readonly {
        readonly php: string;
        readonly outcome: string;
        readonly exitCode: number;
        readonly output: readonly string[];
      }[];
    };
    expect({ code: said.code, passed }).toEqual({ code: 1, passed: false });
    expect(results.map(({ php, outcome, exitCode }) => [php, outcome, exitCode])).toEqual([
      ["7.4", "failed", 255],
      ["8.2", "passed", 0],
      ["8.4", "passed", 0],
    ]);
    expect(results[0]?.output.join("\n")).toContain("PHP Parse error");
    expect(results[2]?.output).toContain("ok a database of its own");
    expect(await left()).toEqual([]);
    expect(await readdir(site)).not.toContain("uploads");
    expect(await readFile("junit-php8.2.xml", "utf8")).toContain('name="8.2.');
    await Promise.all(["7.4", "8.2", "8.4"].map((php) => run(["rm", "-f", `junit-php${php}.xml`])));
  });

  it("says it in words: lines with their version as they come, and what failed whole at the end", async () => {
    const both = [
      machine.start("test", site, "--", "php", "tests/run.php"),
      machine.start("test", site, "--env", "EXPECT_MAIL=x", "--env", "MAIL_PASSWORD=x", "--", "php", "tests/run.php"),
    ];
    const [lacks, other] = await Promise.all(both.map(({ done }) => done));
    // two runs at once, each with its own database
    expect([lacks?.code, other?.code]).toEqual([0, 0]);
    expect(lacks?.stderr).toContain("MAIL_PASSWORD left out");
    expect(other?.stderr).toContain("8.2 | ok a database of its own");
    expect(other?.stdout).toMatch(/^PHP 8\.2 {2}passed/);
    const failed = await machine.howdah("test", site, "--timeout", "3s", "--", "php", "tests/slow.php");
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/^--- PHP 8\.2: php tests\/slow\.php\nit runs\nPHP 8\.2 {2}timed out/);
    expect(await left()).toEqual([]);
  });

  it("takes everything away on Ctrl-C, and the next run what a kill left", async () => {
    const slow = ["test", site, "--", "php", "tests/slow.php"];
    let code = 0;
    expect(await stopAtEvent(machine, "SIGINT", { containing: "it runs", ended: (ended) => (code = ended) }, ...slow)).toBe(true);
    expect(code).toBe(130);
    expect(await left()).toEqual([]);
    expect(await stopAtEvent(machine, "SIGKILL", { containing: "it runs" }, ...slow)).toBe(true);
    expect((await left()).length).toBeGreaterThanOrEqual(3);
    const next = await machine.ok("test", site, "--", "php", "-r", "echo getenv('DB_NAME');");
    expect(next.stderr).toContain("took away");
    expect(await left()).toEqual([]);
  });

  it("refuses what can't be tested before anything is made", async () => {
    await writeFile(join(site, "imap.yaml"), (files["howdah.yaml"] ?? "").replace('php: "8.2"', 'php: "8.2", extensions: [imap]'));
    const imap = await machine.howdah("test", join(site, "imap.yaml"), "--php", "8.2,8.4", "--", "php", "-v");
    expect(imap.code).toBe(65);
    expect(imap.stderr + imap.stdout).toContain("PHP 8.4 has no extension `imap`");
    const unknown = await machine.howdah("test", site, "--php", "8.3", "--", "php", "-v");
    expect(unknown.code).toBe(64);
    expect((await machine.howdah("test", site, "php", "-v")).stderr).toContain("after `--`");
  });
});
