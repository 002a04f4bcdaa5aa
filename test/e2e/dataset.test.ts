import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/providers/process.ts";
import type { DatasetReport } from "../../src/workflows/dataset/dataset-report.ts";
import type { Generation } from "../../src/workflows/dataset/generation.ts";
import { answered, sqlOf } from "../support/backup-rig.ts";
import { faultSite } from "../support/fault-site.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";
import { personalStrings, plantedStatements } from "../support/planted-canaries.ts";

const skip = await whyNoMachine();
const MINUTES = 480_000;

const RULES = `  dataset:
    language: de
    canaries: 200
    tables:
      users:
        columns: {id: keep, login: hash, name: full-name, email: email, phone: phone, iban: iban, note: text}
      usermeta:
        columns: {id: keep, user_id: keep, meta_key: keep, meta_value: {use: serialized, paths: {billing.name: full-name}, otherwise: text}}
      profiles:
        columns: {user_id: keep, data: {use: json, paths: {mail: email, name: full-name}, otherwise: text}}
      sessions: empty
      orders: keep
      howdah_ledger: keep
      installs: keep
      migrations: keep
    files:
      - {match: "**/*.png", action: replace}
      - {match: "**/*.sql", action: drop}
      - {match: "**", action: keep, reason: tests}
`;

describe.skipIf(skip !== undefined)(`a golden dataset${skip === undefined ? "" : ` (${skip})`}`, () => {
  let machine: HowdahMachine;
  let file: string;

  const generations = (): Promise<readonly Generation[]> => answered(machine, "dataset", "ls", "golden", "--all");
  const volumes = async (): Promise<readonly string[]> => {
    const { volumes: found } = await answered<{ readonly volumes: readonly { readonly id: string }[] }>(machine, "dataset", "storage");
    return found.map(({ id }) => id).filter((id) => id.startsWith("golden."));
  };
  const storageDirectory = join("state", "dataset-storage");

  beforeAll(async () => {
    machine = await howdahMachine("golden", 18_952);
    const site = await faultSite(machine, "golden");
    file = join(site.directory, "howdah.yaml");
    await machine.ok("up", site.directory);
    await sqlOf(machine, "golden", plantedStatements());
    const uploads = join(machine.directory, "uploads");
    await mkdir(uploads);
    await writeFile(join(uploads, "page.txt"), "a page that everybody may read\n");
    await writeFile(join(uploads, "face.png"), `a face, ${personalStrings[0] ?? ""}\n`);
    await writeFile(join(uploads, "backup.sql"), personalStrings.join("\n"));
    await machine.ok("files", "put", "golden", uploads, "public/uploads/");
  }, MINUTES);
  afterAll(async () => {
    await machine.howdah("dataset", "storage", "destroy", "--yes");
    expect(await machine.remove()).toEqual([]);
  }, MINUTES);

  it("is not begun while a column has no rule: in seconds, with a rule for it", { timeout: MINUTES }, async () => {
    await writeFile(file, `${await readFile(file, "utf8")}${RULES.replace(" iban: iban,", "")}`);
    const said = await machine.howdah("dataset", "breed", "golden");
    expect(said.code).toBe(65);
    expect(said.stderr).toContain("users.iban");
    expect(await volumes()).toEqual([]);
  });

  it("holds none of 1,000 personal strings in any file or row, in plain, JSON or serialized", { timeout: MINUTES }, async () => {
    await writeFile(file, (await readFile(file, "utf8")).replace("phone: phone,", "phone: phone, iban: iban,"));
    const made = await answered<Generation>(machine, "dataset", "breed", "golden");
    expect(made.volumes.map(({ name }) => name.replace(/-[0-9a-f]+$/, ""))).toEqual(["database", "files-public-uploads"]);
    const patterns = join(machine.directory, "uploads/backup.sql");
    expect(await leftIn(join(machine.directory, "uploads"), patterns)).not.toEqual([]); // it finds what is there
    for (const place of [storageDirectory, join("state", "datasets")])
      expect(await leftIn(join(machine.directory, place), patterns)).toEqual([]);
    const report = await answered<DatasetReport>(machine, "dataset", "report", "golden");
    expect(report.checks.filter(({ passed }) => !passed)).toEqual([]);
    expect(report.files).toMatchObject([{ replaced: 1, dropped: 1, unknown: [] }]);
    expect(report.tables.find(({ name }) => name === "usermeta")).toMatchObject({ how: "stream" });
    expect((await machine.ok("dataset", "report", "golden")).stdout).toContain("foreign keys lead to rows as they did");
    expect((await volumes()).filter((id) => !id.startsWith(`golden.${made.id}.`))).toEqual([]);
  });

  it("is what an environment begins as, which its own user can ask, dump and change", { timeout: MINUTES }, async () => {
    await machine.ok("env", "create", "look", "golden");
    expect(await sqlOf(machine, "golden--look", "SELECT COUNT(*) > 0 FROM users;")).toEqual(["1"]);
    const dump = join(machine.directory, "look.sql");
    await machine.ok("db", "dump", "golden--look", dump);
    expect(await leftIn(dump, join(machine.directory, "uploads/backup.sql"))).toEqual([]);
    await machine.ok("env", "delete", "look", "golden", "--yes");
  });

  it("stays what it was when the breed of the next one is killed while it masks, and nothing raw is left", {
    timeout: MINUTES,
  }, async () => {
    const [before] = (await generations()).filter(({ state }) => state === "current");
    const breed = machine.start("dataset", "breed", "golden");
    const next = join(machine.directory, "state/datasets/generations/golden.g3.json");
    while (!/"state": "(masking|scrubbing|failed)"/.test(await readFile(next, "utf8").catch(() => ""))) await sleep(20);
    process.kill(breed.pid, "SIGKILL");
    await breed.done;
    expect(await answered<Generation>(machine, "dataset", "show", "golden")).toMatchObject({ id: before?.id, state: "current" });
    expect((await generations()).at(-1)?.reason).toContain("cut off");
    await machine.ok("dataset", "delete", "golden", "g3", "--yes");
    expect((await volumes()).filter((id) => !id.startsWith(`golden.${before?.id ?? ""}.`))).toEqual([]);
    const { stdout } = await run(["podman", "ps", "--all", "--format={{.Names}}"]);
    expect(stdout.split("\n").filter((name) => name.startsWith("t-golden._dataset"))).toEqual([]);
  });
});

/** Which of the planted strings are in any file below a directory, by a program of others. The file that holds the storage is looked at by its files. */
async function leftIn(directory: string, patterns: string): Promise<readonly string[]> {
  const options = ["--recursive", "--text", "--only-matching", "--fixed-strings", "--exclude=storage.btrfs"];
  const { stdout } = await run(["grep", ...options, `--file=${patterns}`, directory], {
    env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C" },
    accept: [0, 1],
  });
  return stdout.split("\n").filter((line) => line !== "");
}
