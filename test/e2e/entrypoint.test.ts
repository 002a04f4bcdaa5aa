import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  killGroup,
  missingPrograms,
  type Outcome,
  type Started,
  startEntrypoint,
  startServer,
  type TestServer,
  writeConfiguration,
} from "../support/entrypoint-rig.ts";

const missing = missingPrograms();
/** 20 replicas at once, this many times; D5 of the reliability list asks for 100: `npm run bench -- migrate-once`. */
const TRIALS = Number(process.env["HOWDAH_TRIALS"] ?? 5);
const REPLICAS = 20;

/** Marks its start and end in a file, makes tables, and takes as long as it is told. */
const hook = String.raw`<?php
[$self, $log, $milliseconds, $exit] = $argv;
$link = new mysqli(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME'), (int) getenv('DB_PORT'));
file_put_contents($log, "begin " . getmypid() . "\n", FILE_APPEND | LOCK_EX);
$link->query('CREATE TABLE first (i INT) ENGINE=InnoDB');
for ($until = microtime(true) + $milliseconds / 1000; microtime(true) < $until;) {
    usleep(5000);
}
$link->query('CREATE TABLE second (i INT) ENGINE=InnoDB');
file_put_contents($log, "end " . getmypid() . "\n", FILE_APPEND | LOCK_EX);
fwrite(STDERR, "the hook's last words\n");
exit((int) $exit);
`;

describe.skipIf(missing !== undefined)(`the entrypoint of PHP containers${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
  let server: TestServer;
  let work: string;
  let log: string;
  let trial = 0;

  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(async () => {
    await server.stop();
  });
  beforeEach(() => {
    work = mkdtempSync(join(tmpdir(), "t-entry-work-"));
    writeFileSync(join(work, "hook.php"), hook);
    fresh();
    return () => rmSync(work, { recursive: true, force: true });
  });

  function fresh(): void {
    trial++;
    log = join(work, `log-${String(trial)}`);
    writeFileSync(log, "");
    server.database(database());
  }
  const database = (): string => `t${String(trial)}`;
  const environment = (config: string): Record<string, string> => ({
    HOWDAH_ENTRYPOINT_CONFIG: config,
    DB_HOST: "127.0.0.1",
    DB_PORT: String(server.port),
    DB_NAME: database(),
    DB_USER: "u",
    DB_PASSWORD: `p w'"`,
  });
  const step = (milliseconds = 0, exit = 0) => ({ argv: ["php", join(work, "hook.php"), log, String(milliseconds), String(exit)] });
  const start = (hooks: object, more: object = {}, env: Record<string, string> = {}): Started =>
    startEntrypoint(["serve"], {
      ...environment(writeConfiguration(work, { hooks: { install: [], migrate: [], ...hooks }, ...more })),
      ...env,
    });
  const serve = async (hooks: object, more: object = {}, env: Record<string, string> = {}): Promise<Outcome> =>
    await start(hooks, more, env).outcome;
  const begun = (): number =>
    readFileSync(log, "utf8")
      .split("\n")
      .filter((line) => line.startsWith("begin")).length;
  const state = (name: string): string => server.sql(`SELECT state FROM howdah_ledger WHERE step = '${name}'`, database()).trim();
  const until = async (what: () => boolean): Promise<void> => {
    while (!what()) await new Promise((done) => setTimeout(done, 20));
  };

  it("installs an empty database, migrates, and becomes the server", async () => {
    const first = await serve({ install: [step()], migrate: [{ argv: ["php", "-r", "echo 'migrating now';"] }] });
    expect(first).toMatchObject({ exit: 0, stdout: "SERVER\n" });
    expect(first.stderr).toContain("migrating now");
    const second = await serve({ install: [step()], migrate: [step()] });
    expect(second).toMatchObject({ exit: 0, stdout: "SERVER\n" });
    expect([begun(), state("install"), state("migrate:r1")]).toEqual([1, "done", "done"]);
  });

  it(`installs and migrates exactly once when ${String(REPLICAS)} replicas start together, ${String(TRIALS)} times`, async () => {
    for (let round = 0; round < TRIALS; round++) {
      fresh();
      const migration = { argv: ["php", "-r", `file_put_contents('${log}', "migrate\n", FILE_APPEND);`] };
      const all = await Promise.all(
        Array.from({ length: REPLICAS }, () => serve({ install: [step(30)], migrate: [migration] }, { database: { waitSeconds: 60 } })),
      );
      expect(all.map(({ exit, stdout }) => `${String(exit)} ${stdout}`)).toEqual(all.map(() => "0 SERVER\n"));
      expect(begun()).toBe(1);
      expect(readFileSync(log, "utf8").split("migrate").length - 1).toBe(1);
    }
  });

  it("recovers from kill -9 at any moment of an installation", async () => {
    for (const wait of [0, 60, 150, 250]) {
      fresh();
      const killed = start({ install: [step(200)] });
      await until(() => begun() === 1);
      await new Promise((done) => setTimeout(done, wait));
      killGroup(killed);
      await killed.outcome;
      const again = await serve({ install: [step()] });
      expect(again).toMatchObject({ exit: 0, stdout: "SERVER\n" });
      expect(server.sql("SHOW TABLES", database()).trim().split("\n")).toEqual(["first", "howdah_ledger", "second"]);
      expect(state("install")).toBe("done");
    }
  });

  it("never runs a hook beside itself, though only its runner was killed", async () => {
    const killed = start({ install: [step(1500)] });
    await until(() => begun() === 1);
    killed.process.kill("SIGKILL");
    const again = await serve({ install: [step()] }, { database: { waitSeconds: 30 } });
    expect(again.exit).toBe(0);
    const marks = readFileSync(log, "utf8")
      .trim()
      .split("\n")
      .map((line) => line.split(" ")[0]);
    expect(marks).toEqual(["begin", "end", "begin", "end"]);
    await killed.outcome;
  });

  it("lets no hook speak to the engine in its name", async () => {
    const lie = 'howdah: {"event":"failed","message":"lie"}';
    const outcome = await serve({ install: [{ argv: ["php", "-r", `echo '${lie}', PHP_EOL;`] }] });
    expect(outcome.stderr).toContain(`> ${lie}`);
    expect(outcome.events.some(({ event }) => event === "failed")).toBe(false);
  });

  it("refuses to serve after a failed installation, and starts over from an empty database", async () => {
    const failed = await serve({ install: [step(0, 3)] });
    expect(failed).toMatchObject({ exit: 71, stdout: "" });
    expect(failed.events.at(-1)).toMatchObject({
      event: "failed",
      code: "site/install-failed",
      message: expect.stringContaining("exit code 3: the hook's last words"),
    });
    expect(await serve({ install: [step()] })).toMatchObject({ exit: 0, stdout: "SERVER\n" });
  });

  it("keeps what a person put into the database after a failed installation", async () => {
    await serve({ install: [step(0, 1)] });
    server.sql("CREATE TABLE mine (i INT)", database());
    const next = await serve({ install: [step(0, 1)] });
    expect([next.exit, begun(), state("install")]).toEqual([0, 1, "adopted"]);
    expect(server.sql("SHOW TABLES LIKE 'mine'", database())).toBe("mine\n");
  });

  it("adopts a database that has tables", async () => {
    server.sql("CREATE TABLE old (i INT)", database());
    expect((await serve({ install: [step()] })).exit).toBe(0);
    expect([begun(), state("install")]).toEqual([0, "adopted"]);
  });

  it("refuses to serve after a failed migration, and runs it again at the next start", async () => {
    const failed = await serve({ migrate: [step(0, 9)] });
    expect(failed).toMatchObject({ exit: 72, stdout: "" });
    expect(failed.events.at(-1)).toMatchObject({ event: "failed", code: "site/migrate-failed" });
    expect((await serve({ migrate: [step(0, 9)] })).exit).toBe(72);
    const mended = await serve({ migrate: [{ argv: ["php", "-r", "exit(0);"] }] });
    expect(mended).toMatchObject({ exit: 0, stdout: "SERVER\n" });
    expect(mended.stderr).toContain("failed before: it runs again");
  });

  it.each([
    ["install", 71, (hook: object) => ({ install: [hook] })],
    ["migrate", 72, (hook: object) => ({ migrate: [hook] })],
  ] as const)("runs a failed %s once for each attempt, whatever replicas and restarts come", async (name, exit, hooks) => {
    const started = async (attempt: string): Promise<Outcome> => await serve(hooks(step(0, 9)), {}, { HOWDAH_ATTEMPT: attempt });
    const together = await Promise.all([started("one"), started("one"), started("one")]);
    const outcomes = [...together, await started("one")];
    expect(begun()).toBe(1);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ exit, stdout: "" });
      expect(outcome.events.at(-1)).toMatchObject({
        event: "failed",
        code: `site/${name}-failed`,
        message: expect.stringContaining("exit code 9: the hook's last words"),
      });
    }
    if (name === "migrate") server.sql("DROP TABLE first, second", database()); // mended by hand; a failed installation clears by itself
    expect((await started("two")).exit).toBe(exit);
    expect(begun()).toBe(2);
  });

  describe("a migration that somebody else has run", () => {
    const by = (change: object = {}) => ({ migration: { step: "r1", repeatable: false, by: "rollout", ...change } });
    const migrate = (hooks: object, more: object = by()): Started =>
      startEntrypoint(["migrate"], environment(writeConfiguration(work, { hooks: { install: [], ...hooks }, ...more })));
    const cut = async (more: object = by()): Promise<void> => {
      const killed = migrate({ migrate: [step(20_000)] }, more);
      await until(() => begun() === 1);
      killGroup(killed);
      await killed.outcome;
    };
    const ledger = async (...words: string[]): Promise<Outcome> =>
      await startEntrypoint(["ledger", ...words], environment(writeConfiguration(work, by()))).outcome;

    it("is done by a start on data that no migration has seen, and never again by one", async () => {
      expect(await serve({ migrate: [step()] }, by())).toMatchObject({ exit: 0, stdout: "SERVER\n" });
      const refused = await serve({ migrate: [step()] }, by({ step: "r2" }));
      expect(refused).toMatchObject({ exit: 72, stdout: "" });
      expect(refused.events.at(-1)).toMatchObject({
        event: "failed",
        code: "site/migration-pending",
        message: expect.stringContaining("migrate:r2"),
      });
      expect(begun()).toBe(1);
      const asked = await migrate({ migrate: [{ argv: ["php", "-r", "echo 'second';"] }] }, by({ step: "r2" })).outcome;
      expect(asked).toMatchObject({ exit: 0, stdout: "" });
      expect(await serve({ migrate: [step()] }, by({ step: "r2" }))).toMatchObject({ exit: 0, stdout: "SERVER\n" });
      expect([begun(), state("migrate:r2")]).toEqual([1, "done"]);
    });

    it("is never run a second time by itself when it was cut off, until a person decides", async () => {
      await cut();
      for (const start of [migrate, migrate]) {
        const refused = await start({ migrate: [step()] }).outcome;
        expect(refused).toMatchObject({ exit: 73, stdout: "" });
        expect(refused.events.at(-1)).toMatchObject({
          code: "site/migration-interrupted",
          message: expect.stringMatching(/cut off: .*howdah migrate SITE --retry.*howdah migrate SITE --mark-done/),
        });
      }
      expect(await serve({ migrate: [step()] }, by())).toMatchObject({ exit: 73, stdout: "" });
      expect([begun(), state("migrate:r1")]).toEqual([1, "interrupted"]);
      expect((await ledger("retry", "migrate:r1")).exit).toBe(0);
      server.sql("DROP TABLE first", database());
      const again = await migrate({ migrate: [step()] }).outcome;
      expect(again.exit).toBe(0);
      expect(again.stderr).toContain("as somebody decided");
      expect([begun(), state("migrate:r1")]).toEqual([2, "done"]);
    });

    it("counts as done when a person says so", async () => {
      await cut();
      expect((await ledger("done", "migrate:r1")).exit).toBe(0);
      expect(await serve({ migrate: [step()] }, by())).toMatchObject({ exit: 0, stdout: "SERVER\n" });
      expect(begun()).toBe(1);
      expect((await ledger("done", "migrate:r1")).exit).toBe(64);
      expect(JSON.parse((await ledger()).stdout)).toMatchObject({
        "migrate:r1": { state: "done", attempts: 1, detail: "decided by a person" },
      });
    });

    it("is run again when the site file says that it may be repeated", async () => {
      await cut(by({ repeatable: true }));
      server.sql("DROP TABLE first", database());
      const again = await migrate({ migrate: [step()] }, by({ repeatable: true })).outcome;
      expect(again.exit).toBe(0);
      expect(again.stderr).toContain("may be repeated: it runs again");
      expect([begun(), state("migrate:r1")]).toEqual([2, "done"]);
    });

    it("waits for a hook whose runner alone was killed, and finds it done by nobody", async () => {
      const killed = migrate({ migrate: [step(1000)] });
      await until(() => begun() === 1);
      killed.process.kill("SIGKILL");
      expect((await migrate({ migrate: [step()] }).outcome).exit).toBe(73);
      expect(readFileSync(log, "utf8")).toMatch(/^begin \d+\nend \d+\n$/);
      await killed.outcome;
    });

    it("is killed at any moment: it ran at most once, and the ledger says done or interrupted", async () => {
      for (const wait of [0, 20, 40, 60, 90, 120, 160, 220]) {
        fresh();
        const killed = migrate({ migrate: [step(60)] });
        await new Promise((done) => setTimeout(done, wait));
        killGroup(killed);
        await killed.outcome;
        const before = begun();
        const next = await migrate({ migrate: [step()] }).outcome;
        expect({ wait, exit: next.exit }).toEqual({ wait, exit: state("migrate:r1") === "done" ? 0 : 73 });
        if (before > 0) expect(begun()).toBe(1);
      }
    });
  });

  it("migrates again for a new release only", async () => {
    const migration = { argv: ["php", "-r", `file_put_contents('${log}', "begin\n", FILE_APPEND);`] };
    for (const release of ["r1", "r1", "r2", "r1"])
      expect((await serve({ migrate: [migration] }, {}, { HOWDAH_RELEASE: release })).exit).toBe(0);
    expect(begun()).toBe(2);
  });

  it.each([
    ["an unknown host", { DB_HOST: "nosuch.invalid" }, "the name nosuch.invalid is not known"],
    ["a closed port", { DB_PORT: "1" }, "refuses connections"],
    ["a wrong password", { DB_PASSWORD: "x" }, "refuses the user u"],
    ["an unknown database", { DB_NAME: "nosuch" }, "has no database nosuch"],
  ])("gives up after its time, for %s", async (_name, env, words) => {
    const outcome = await serve({}, { database: { waitSeconds: 1 } }, env);
    expect(outcome).toMatchObject({ exit: 69, stdout: "" });
    expect(outcome.events.at(-1)).toMatchObject({ event: "failed", code: "database/unreachable", message: expect.stringContaining(words) });
  });

  it("waits for a user that is made late", async () => {
    const started = start({}, {}, { DB_USER: "late", DB_PASSWORD: "x" });
    await new Promise((done) => setTimeout(done, 800));
    server.sql(`CREATE USER late@'%' IDENTIFIED BY 'x'; GRANT ALL ON ${database()}.* TO late@'%'`);
    expect(await started.outcome).toMatchObject({ exit: 0, stdout: "SERVER\n" });
  });

  it.each(["SIGTERM", "SIGQUIT"] as const)("stops on %s while it waits", async (signal) => {
    const started = start({}, { database: { waitSeconds: 60 } }, { DB_PORT: "1" });
    await new Promise((done) => setTimeout(done, 500));
    started.process.kill(signal);
    expect((await started.outcome).exit).toBe(signal === "SIGTERM" ? 143 : 131);
  });

  it("stops the hook with it, and recovers", async () => {
    const started = start({ install: [step(20_000)] });
    await until(() => begun() === 1);
    started.process.kill("SIGTERM");
    expect((await started.outcome).exit).toBe(143);
    expect((await serve({ install: [step()] })).exit).toBe(0);
    expect(begun()).toBe(2);
  });

  it("reads SQL as the mysql client does", async () => {
    const text = [
      "\uFEFF-- a comment; with 'quotes",
      "/*!40101 SET NAMES utf8mb4 */; # another; one",
      "CREATE TABLE t (i INT AUTO_INCREMENT PRIMARY KEY, v TEXT);",
      "INSERT INTO t (v) VALUES ('a;b'), (\"it''s; \\\" x\"), ('c\\';d'), ('-- no'), ('/* no */ ü😀');",
      "DELIMITER //",
      "CREATE PROCEDURE p() BEGIN INSERT INTO t (v) VALUES (';'); SELECT 1; SELECT 2; END //",
      "delimiter ;",
      "CALL p();",
      "INSERT INTO t (v) VALUES ('last')",
    ].join("\n");
    const outcome = await startEntrypoint(["sql", "-"], environment(writeConfiguration(work, {})), text).outcome;
    expect(outcome.exit).toBe(0);
    expect(server.sql("SELECT v FROM t ORDER BY i", database()).trim().split("\n")).toEqual([
      "a;b",
      `it''s; " x`,
      "c';d",
      "-- no",
      "/* no */ ü😀",
      ";",
      "last",
    ]);
    expect(state("install")).toBe("adopted");
  });

  it("names the line of a statement that the server refuses", async () => {
    const outcome = await startEntrypoint(["sql", "-"], environment(writeConfiguration(work, {})), "SELECT 1;\n\nSELEKT 2;\n").outcome;
    expect(outcome.exit).toBe(70);
    expect(outcome.events.at(-1)).toMatchObject({ code: "database/failed", message: expect.stringContaining("standard input, line 3") });
  });

  it("runs a one-off in the site's environment, with its exit code, and never installs", async () => {
    const config = writeConfiguration(work, { hooks: { install: [step()], migrate: [step()] } });
    const outcome = await startEntrypoint(["run", "--", "php", "-r", "echo getcwd(), getenv('DB_NAME'); exit(7);"], environment(config))
      .outcome;
    expect(outcome).toMatchObject({ exit: 7, stdout: `${work}${database()}` });
    expect(begun()).toBe(0);
  });

  describe("without a database", () => {
    it("installs once, remembered on the first shared volume, when many start together", async () => {
      const volume = join(work, "data");
      mkdirSync(volume);
      const install = [{ argv: ["php", "-r", `file_put_contents('${log}', "begin\n", FILE_APPEND); usleep(50000);`] }];
      const all = await Promise.all(Array.from({ length: REPLICAS }, () => serve({ install }, { database: null, ledgerMount: volume })));
      expect(all.every(({ exit }) => exit === 0)).toBe(true);
      expect(begun()).toBe(1);
      appendFileSync(log, "");
    });
  });

  describe("seeding of volumes", () => {
    const seedFiles = 300;
    function seed(): { readonly mount: string; readonly mounts: object[] } {
      const [from, mount] = [join(work, "seed"), join(work, "mount")];
      for (const directory of [mount, ...Array.from({ length: 10 }, (_, index) => join(from, `d${String(index)}`))])
        mkdirSync(directory, { recursive: true });
      for (let index = 0; index < seedFiles; index++)
        writeFileSync(join(from, `d${String(index % 10)}`, `f${String(index)}`), "x".repeat(20_000));
      return { mount, mounts: [{ path: "mount", target: mount, seed: from }] };
    }
    const count = (directory: string): number =>
      Array.from({ length: seedFiles }, (_, index) => join(directory, `d${String(index % 10)}`, `f${String(index)}`)).filter(
        (path) => existsSync(path) && readFileSync(path).length === 20_000,
      ).length;

    it("fills an empty volume once and leaves what people do to it", async () => {
      const { mount, mounts } = seed();
      expect((await serve({}, { database: null, mounts })).exit).toBe(0);
      expect(count(mount)).toBe(seedFiles);
      rmSync(join(mount, "d1"), { recursive: true });
      await serve({}, { database: null, mounts });
      expect(existsSync(join(mount, "d1"))).toBe(false);
    });

    it("leaves a volume that has data alone", async () => {
      const { mount, mounts } = seed();
      writeFileSync(join(mount, "mine"), "1");
      await serve({}, { database: null, mounts });
      expect([existsSync(join(mount, "d0")), existsSync(join(mount, "mine"))]).toEqual([false, true]);
    });

    it("goes on after kill -9 at any moment", async () => {
      const { mount, mounts } = seed();
      for (const wait of [35, 45, 55, 65, 80, 100]) {
        rmSync(mount, { recursive: true });
        mkdirSync(mount);
        const killed = start({}, { database: null, mounts });
        await new Promise((done) => setTimeout(done, wait));
        if (killed.process.exitCode === null) killGroup(killed);
        await killed.outcome;
        expect((await serve({}, { database: null, mounts })).exit).toBe(0);
        expect(count(mount)).toBe(seedFiles);
        expect(existsSync(join(mount, ".howdah", "seed-draft"))).toBe(false);
      }
    });

    it("says which volume it can't write to", async () => {
      const outcome = await serve({}, { database: null, mounts: [{ path: "x", target: join(work, "nowhere"), seed: null }] });
      expect(outcome).toMatchObject({ exit: 74, stdout: "" });
      expect(outcome.events.at(-1)).toMatchObject({ code: "site/files-failed", message: expect.stringContaining("nowhere") });
    });
  });

  describe("writable code", () => {
    const write = (root: string, files: Record<string, string>): void => {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(join(root, path, ".."), { recursive: true });
        writeFileSync(join(root, path), text);
      }
    };
    const read = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, "utf8") : undefined);

    it("merges a newer release: edits stay, the rest follows, conflicts lie beside and are named", async () => {
      const [root, image] = [join(work, "code"), join(work, "image")];
      mkdirSync(root);
      const names = ["same", "updated", "edited", "both", "dropped", "dropped-edited", "deleted", "deleted-both", "dir/inner", "uploads/x"];
      write(image, Object.fromEntries(names.map((name) => [name, `${name} 1`])));
      mkdirSync(join(image, "empty"));
      const mounts = [{ path: "uploads", target: join(root, "uploads"), seed: null }];
      const merge = async (release: string): Promise<Outcome> =>
        await serve({}, { database: null, root, codeSeed: image, mounts, codeRelease: release });
      mkdirSync(join(root, "uploads"));
      expect((await merge("1")).exit).toBe(0);
      expect([read(join(root, "dir/inner")), existsSync(join(root, "empty")), existsSync(join(root, "uploads/x"))]).toEqual([
        "dir/inner 1",
        true,
        false,
      ]);

      write(root, { edited: "mine", both: "mine", "dropped-edited": "mine", added: "mine" });
      for (const name of ["deleted", "deleted-both"]) rmSync(join(root, name));
      write(image, { updated: "updated 2", both: "both 2", "deleted-both": "2", "new/file": "2" });
      for (const name of ["dropped", "dropped-edited", "dir/inner"]) rmSync(join(image, name));
      const merged = await merge("2");
      expect(merged.exit).toBe(0);
      const after = Object.fromEntries(
        [...names, "new/file", "added", "both.howdah-new", "deleted-both.howdah-new"].map((name) => [name, read(join(root, name))]),
      );
      expect(after).toEqual({
        same: "same 1",
        updated: "updated 2",
        edited: "mine",
        both: "mine",
        "both.howdah-new": "both 2",
        dropped: undefined,
        "dropped-edited": "mine",
        deleted: undefined,
        "deleted-both": undefined,
        "deleted-both.howdah-new": "2",
        "dir/inner": undefined,
        "uploads/x": undefined,
        "new/file": "2",
        added: "mine",
      });
      const conflicts = merged.events.filter((event) => event.state === "conflict").map((event) => event.message);
      expect(conflicts.sort().map((message) => message.split(" ")[0])).toEqual(["both", "deleted-both", "dropped-edited"]);
      expect((await merge("2")).events.some((event) => event.step === "code")).toBe(false);
    });

    it("goes on after kill -9 at any moment of a merge", async () => {
      const image = join(work, "image");
      for (const wait of [40, 60, 80, 120]) {
        const root = join(work, `code-${String(wait)}`);
        mkdirSync(root);
        write(image, Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`d${String(index % 7)}/f${String(index)}`, "1"])));
        const run = (release: string): Started => start({}, { database: null, root, codeSeed: image, codeRelease: release });
        await run("1").outcome;
        write(image, Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`d${String(index % 7)}/f${String(index)}`, "2"])));
        write(root, { "d0/f7": "mine" });
        const killed = run("2");
        await new Promise((done) => setTimeout(done, wait));
        if (killed.process.exitCode === null) killGroup(killed);
        await killed.outcome;
        expect((await run("2").outcome).exit).toBe(0);
        const texts = Array.from({ length: 400 }, (_, index) => read(join(root, `d${String(index % 7)}/f${String(index)}`)));
        expect([texts[7], new Set(texts.filter((_, index) => index !== 7))]).toEqual(["mine", new Set(["2"])]);
        expect(read(join(root, "d0/f7.howdah-new"))).toBe("2");
      }
    });
  });
});
