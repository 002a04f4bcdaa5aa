import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../src/providers/process.ts";
import type { Rebuilt } from "../../src/workflows/backup/rebuild-sites.ts";
import { answered, sqlOf } from "../../test/support/backup-rig.ts";
import { type HowdahMachine, howdahMachine } from "../../test/support/howdah-machine.ts";
import { removeImages } from "../../test/support/remove-images.ts";

const PORT = 18_496;
const ROWS = 200;

/** How a lost machine came back. Seconds are seconds. */
export interface RebuildTimes {
  readonly sites: number;
  /** From the first command of the page to the end of the last. */
  readonly wholeSeconds: number;
  readonly commands: readonly { readonly command: string; readonly seconds: number }[];
  readonly eachSeconds: { readonly median: number; readonly worst: number };
  /** What was not as it had been; empty: every row, file, secret and page was. */
  readonly differences: readonly string[];
  readonly load: number;
}

/** What is not on the machine: the store, the key, the code. */
interface Outside {
  readonly directory: string;
  readonly store: string;
  readonly code: string;
  readonly key: string;
}

/** One site as a visitor and its owner see it. */
interface Seen {
  readonly page: string;
  readonly rows: string;
  readonly files: string;
  readonly secrets: string;
}

const PAGE = `<?php
$db = new mysqli(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME'));
[$n] = $db->query('SELECT COUNT(*) FROM goods')->fetch_row();
echo getenv('HOWDAH_SITE'), ' ', $n, ' ', hash('sha256', getenv('API_KEY') . getenv('APP_KEY')), ' ', file_get_contents(__DIR__ . '/uploads/logo.txt');
`;

/** An application that is not well before it has its tables, as one whose database was imported. */
const HEALTH = `<?php
mysqli_report(MYSQLI_REPORT_OFF);
$db = new mysqli(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME'));
if (!$db->query('SELECT 1 FROM goods') && getenv('HOWDAH_SITE') === 'shop1') http_response_code(500);
`;

function siteFile(name: string): string {
  return `apiVersion: howdah.dev/v1alpha1
kind: Site
metadata: {name: ${name}}
spec:
  runtime: {php: "8.4"}
  variables:
    APP_KEY: {generate: {bytes: 32, encoding: base64}}
    API_KEY: {secret: payment/key}
  web: {root: public, microcache: false, healthPath: /health.php}
  database: {}
  mounts:
    public/uploads: {size: 1Gi}
`;
}

/**
 * So many small sites with a database, files and secrets are backed up, everything of the machine is lost, and it is rebuilt by the commands of
 * docs/how-to/rebuild-everything.md, read from the page itself; then every row, file, secret and page is compared. The last rows were written after the
 * backup: binlogs bring them. One site is a tenant's. Base images of other instances of the machine are taken over: a new one makes them first.
 */
export async function rebuildTimes(count: number, say: (line: string) => void): Promise<RebuildTimes> {
  const directory = await mkdtemp(join(tmpdir(), "howdah-rebuild-"));
  const outside = { directory, store: join(directory, "store"), code: join(directory, "sites"), key: join(directory, "key") };
  const names = Array.from({ length: count }, (_, index) => (index === 0 ? "acme--shop" : `shop${String(index)}`));
  let machine = await howdahMachine("bench-rebuild", PORT);
  try {
    await makeSites(machine, names, outside, say);
    const before = await seenOf(machine, names);
    say("all is lost");
    machine = await loseEverything(machine);
    const began = performance.now();
    const { commands, rebuilt } = await followPage(machine, outside, say);
    const wholeSeconds = round((performance.now() - began) / 1000);
    const after = await seenOf(machine, names);
    const seconds = rebuilt.map((one) => one.seconds).toSorted((a, b) => a - b);
    return {
      ...{ sites: count, wholeSeconds, commands, load: round(loadavg()[0] ?? 0) },
      eachSeconds: { median: seconds[Math.floor(seconds.length / 2)] ?? 0, worst: seconds.at(-1) ?? 0 },
      differences: names.flatMap((name) => differences(name, before.get(name), after.get(name))),
    };
  } finally {
    await machine.howdah("tenant", "delete", "acme", "--no-export", "--yes");
    await machine.remove();
    await rm(directory, { recursive: true, force: true });
  }
}

async function makeSites(machine: HowdahMachine, names: readonly string[], outside: Outside, say: (line: string) => void): Promise<void> {
  await mkdir(outside.store);
  await machine.ok("backup", "store", "set", outside.store);
  await writeFile(outside.key, (await machine.ok("backup", "key")).stdout);
  await machine.ok("tenant", "create", "acme", "--profile", "small");
  for (const [index, name] of names.entries()) {
    say(`make ${name}`);
    const directory = join(outside.code, name);
    await mkdir(join(directory, "public"), { recursive: true });
    const own = name.split("--").at(-1) ?? name;
    for (const [file, text] of Object.entries({ "howdah.yaml": siteFile(own), "public/index.php": PAGE, "public/health.php": "well" }))
      await writeFile(join(directory, file), text);
    await withInput(machine, `key of ${name}`, "secret", "set", name, "payment/key");
    await machine.ok("up", directory, ...(name.startsWith("acme--") ? ["--tenant", "acme"] : []));
    await sqlOf(machine, name, `CREATE TABLE goods (id INT PRIMARY KEY, name TEXT); ${inserted(1, ROWS - 50)}`);
    await writeFile(join(directory, "public/health.php"), HEALTH); // from now on: the rebuild begins without tables
    const files = join(outside.directory, "files");
    await mkdir(join(files, "deep"), { recursive: true });
    await writeFile(join(files, "logo.txt"), `logo of ${name}`);
    for (let n = 0; n < 20; n += 1) await writeFile(join(files, "deep", `${String(n)}.bin`), `${name} ${String(n * index)}`.repeat(200));
    for (const one of ["logo.txt", "deep"]) await machine.ok("files", "put", name, join(files, one), "public/uploads/");
    await machine.ok("backup", "schedule", name);
    await machine.ok("backup", "now", name, "--no-verify");
  }
  for (const name of names) await sqlOf(machine, name, inserted(ROWS - 49, ROWS));
  await untilShipped(machine, Date.now() + 1000);
  for (const name of names) await rm(join(outside.code, name, "howdah.yaml")); // the backup has it
}

function inserted(from: number, to: number): string {
  const rows = Array.from({ length: to - from + 1 }, (_, index) => `(${String(from + index)}, 'good ${String(from + index)}')`);
  return `INSERT INTO goods VALUES ${rows.join(", ")};`;
}

async function untilShipped(machine: HowdahMachine, moment: number): Promise<void> {
  for (const end = Date.now() + 300_000; Date.now() < end; await sleep(2000)) {
    const { recoverable } = await answered<{ recoverable: { spans: { to: string }[] }[] }>(machine, "backup", "ls");
    if (recoverable.every(({ spans }) => Date.parse(spans.at(-1)?.to ?? "1970-01-01") > moment + 1000)) return;
  }
  throw new Error("the binlogs were not shipped");
}

/** As a fire does: the agent ends, then containers, volumes, networks, secrets, images, state. Another machine of the same name begins with nothing. */
async function loseEverything(machine: HowdahMachine): Promise<HowdahMachine> {
  await machine.howdah("agent", "--stop");
  const next = await howdahMachine("bench-rebuild", PORT); // sweeps what is called so
  await removeImages("t-bench-rebuild", "all");
  const mounted = (await readFile("/proc/mounts", "utf8")).split("\n").flatMap((line) => line.split(" ")[1] ?? []);
  for (const path of mounted.filter((one) => one.startsWith(`${machine.directory}/`))) await run(["umount", "-l", path], { accept: "any" });
  await rm(machine.directory, { recursive: true, force: true });
  return next;
}

/** The commands of the page up to the list of what the store has, with the places of this bench in those of the page; then all sites in one go. */
async function followPage(machine: HowdahMachine, outside: Outside, say: (line: string) => void) {
  const page = await readFile(join(import.meta.dirname, "../../docs/how-to/rebuild-everything.md"), "utf8");
  const [, block = ""] = /```sh\n([^`]*--from-store[^`]*)```/.exec(page) ?? [];
  const commands: { command: string; seconds: number }[] = [];
  const timed = async (command: string, work: () => Promise<string>): Promise<string> => {
    const began = performance.now();
    const said = await work();
    commands.push({ command, seconds: round((performance.now() - began) / 1000) });
    say(JSON.stringify(commands.at(-1)));
    return said;
  };
  for (const line of block.split("\n").filter((one) => one.startsWith("sudo howdah "))) {
    const [command = "", key] = line
      .replace(/\s+#.*/, "")
      .replace("sudo howdah ", "")
      .split(" < ");
    const words = command.split(" ").map((word) => (word.startsWith("sftp://") ? outside.store : word));
    const input = key === undefined ? "" : await readFile(outside.key, "utf8");
    await timed(command, () => withInput(machine, input, ...words, "--output", "json"));
  }
  const said = await timed("backup rebuild", async () => (await machine.ok("backup", "rebuild", outside.code, "--output", "json")).stdout);
  return { commands, rebuilt: JSON.parse(said) as readonly Rebuilt[] };
}

async function withInput(machine: HowdahMachine, input: string, ...argv: readonly string[]): Promise<string> {
  const { code, stdout, lastLines } = await run([process.execPath, "bin/howdah", ...argv], {
    env: machine.environment,
    input,
    accept: "any",
  });
  if (code !== 0 && argv[0] !== "doctor")
    throw new Error(`howdah ${argv.join(" ")} ended with ${String(code)}\n${stdout}\n${lastLines.join("\n")}`);
  return stdout;
}

async function seenOf(machine: HowdahMachine, names: readonly string[]): Promise<ReadonlyMap<string, Seen>> {
  const seen = new Map<string, Seen>();
  for (const name of names) {
    const host = name === "acme--shop" ? "shop.acme.localhost" : `${name}.localhost`;
    const { status, body } = await machine.get(host, "/");
    const target = join(machine.directory, `files-${name}`);
    await machine.ok("files", "get", name, "public/uploads", target);
    const secrets = join(machine.environment["HOWDAH_STATE_DIR"] ?? "", "secrets", name);
    seen.set(name, {
      page: `${String(status)} ${body}`,
      rows: digest(await sqlOf(machine, name, "SELECT * FROM goods ORDER BY id")),
      files: await digestOf(target),
      secrets: await digestOf(secrets),
    });
  }
  return seen;
}

async function digestOf(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .toSorted();
  return digest(await Promise.all(paths.map(async (path) => `${path.slice(directory.length)} ${await readFile(path, "utf8")}`)));
}

function digest(lines: readonly string[]): string {
  return `${String(lines.length)} ${createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 12)}`;
}

function differences(name: string, before: Seen | undefined, after: Seen | undefined): readonly string[] {
  const keys = ["page", "rows", "files", "secrets"] as const;
  return keys.flatMap((key) =>
    before !== undefined && before[key] === after?.[key]
      ? []
      : [`${name}: ${key} was ${before?.[key] ?? "nothing"}, is ${after?.[key] ?? "nothing"}`],
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
