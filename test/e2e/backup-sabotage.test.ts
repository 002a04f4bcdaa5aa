import { mkdir, open, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Transform } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine, ExecRequest } from "../../src/engine/engine.ts";
import { run } from "../../src/providers/process.ts";
import { wirePorts } from "../../src/wiring.ts";
import { backupLoop } from "../../src/workflows/backup/backup-loop.ts";
import { withBackups } from "../../src/workflows/backup/backup-ports.ts";
import type { BackupRecord, ScheduleDocument } from "../../src/workflows/backup/backup-record.ts";
import { findStore } from "../../src/workflows/backup/stores.ts";
import { takeBackup } from "../../src/workflows/backup/take-backup.ts";
import { answered, sqlOf } from "../support/backup-rig.ts";
import { faultSite } from "../support/fault-site.ts";
import { type HowdahMachine, howdahMachine, type Said, whyNoMachine } from "../support/howdah-machine.ts";
import { s3Double } from "../support/s3-double.ts";
import { sftpServer } from "../support/sftp-server.ts";

const skip = await whyNoMachine();
const MINUTES = 300_000;

/** D2 of the reliability list: whatever goes wrong, a backup that is none is never said to be one. */
describe.skipIf(skip !== undefined)(`sabotaged backups are reported as failed${skip === undefined ? "" : ` (${skip})`}`, () => {
  let machine: HowdahMachine;
  const state = (...names: readonly string[]) => join(machine.environment["HOWDAH_STATE_DIR"] ?? "", ...names);
  const store = () => join(machine.directory, "store");

  beforeAll(async () => {
    machine = await howdahMachine("sabo", 18_888);
    const first = await faultSite(machine, "shop");
    await machine.ok("up", first.directory);
    await machine.ok("agent", "--stop");
    await mkdir(store());
    await machine.ok("backup", "store", "set", store());
    // Random text does not compress: the store has packs of some size.
    const rows = "INSERT INTO goods SELECT seq, TO_BASE64(RANDOM_BYTES(600)) FROM seq_1_to_3000;";
    await sqlOf(machine, "shop", `CREATE TABLE goods (id INT PRIMARY KEY, name TEXT); ${rows}`);
  });
  afterAll(async () => {
    expect(await machine.remove()).toEqual([]);
  });

  /** The command failed with this code, the record says so, and nothing is believed verified. */
  async function reported(said: Said, code: string): Promise<void> {
    expect(said.code, said.stderr).not.toBe(0);
    expect(said.stderr).toContain(`[${code}]`);
    const { backups } = await answered<{ backups: BackupRecord[] }>(machine, "backup", "ls", "shop");
    const [newest] = backups;
    expect(newest?.state === "failed" || newest?.verified?.equal === false, JSON.stringify(newest)).toBe(true);
    const { backup } = await answered<{ backup: { failure: string | null } }>(machine, "status", "shop");
    expect(backup.failure).not.toBeNull();
  }
  const now = (...more: readonly string[]) => machine.howdah("backup", "now", "shop", "--no-verify", ...more);

  it("a wrong password", { timeout: MINUTES }, async () => {
    const file = state("secrets/howdah-system/backup.json");
    const right = await readFile(file, "utf8");
    await writeFile(file, JSON.stringify({ password: "another-password-than-before" }));
    await reported(await now(), "backup/store-refused");
    await writeFile(file, right);
  });

  it("a full disk", { timeout: MINUTES }, async () => {
    const small = join(machine.directory, "small");
    await mkdir(small);
    await run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small]);
    try {
      await machine.ok("backup", "store", "set", small, "--name", "small");
      await reported(await now("--store", "small"), "machine/disk-full");
    } finally {
      await run(["umount", "-l", small]);
    }
  });

  it("a network that is cut half-way", { timeout: MINUTES }, async () => {
    const server = await sftpServer(18_894);
    const far = join(machine.directory, "far");
    const place = `sftp://root@127.0.0.1:${String(server.port)}${far}`;
    try {
      await machine.ok("backup", "store", "set", place, "--name", "far", "--ssh-config", server.sshConfig);
      const cut = machine.start("backup", "now", "shop", "--no-verify", "--store", "far");
      const begun = async () => (await readdir(join(far, "locks")).catch(() => [])).length > 0; // restic is connected and reads
      await expect.poll(begun, { timeout: 60_000, interval: 20 }).toBe(true);
      await server.cut();
      await reported(await cut.done, "backup/store-unreachable");
    } finally {
      await server.remove();
    }
  });

  it("a dump that is killed", { timeout: MINUTES }, async () => {
    const { stdout } = await run(["podman", "ps", "--format", "{{.Names}}"]);
    const container = stdout.split("\n").find((name) => name.startsWith("t-sabo.howdah-system") && name.endsWith("mariadb")) ?? "";
    const holding = sqlOf(machine, "shop", "LOCK TABLES goods WRITE; SELECT SLEEP(15);");
    const taking = machine.start("backup", "now", "shop", "--no-verify");
    const killed = async (): Promise<boolean> =>
      (await run(["podman", "exec", container, "busybox", "killall", "-9", "mariadb-dump"], { accept: "any" })).code === 0;
    await expect.poll(killed, { timeout: 60_000 }).toBe(true);
    await reported(await taking.done, "backup/failed");
    await holding;
  });

  it("a database server that is gone", { timeout: MINUTES }, async () => {
    const { stdout } = await run(["podman", "ps", "--format", "{{.Names}}"]);
    const container = stdout.split("\n").find((name) => name.startsWith("t-sabo.howdah-system") && name.endsWith("mariadb")) ?? "";
    await run(["podman", "stop", "--time=30", container]);
    const said = await now();
    await run(["podman", "start", container]);
    await reported(said, /\[([a-z/-]+)\]/.exec(said.stderr)?.[1] ?? "none");
    const dumped = async () => (await machine.howdah("db", "dump", "shop", join(machine.directory, "dump.sql"), "--overwrite")).code;
    await expect.poll(dumped, { timeout: 120_000 }).toBe(0);
  });

  it("a key that has expired", { timeout: MINUTES }, async () => {
    const server = await s3Double();
    try {
      const place = `s3+http://127.0.0.1:${String(server.port)}/backups`;
      const argv = ["bin/howdah", "backup", "store", "set", place, "--name", "cloud", "--access-key", "AKIDOFATEST"];
      await run([process.execPath, ...argv], { env: machine.environment, input: "secret-of-a-test" });
      server.refuse("ExpiredToken");
      await reported(await now("--store", "cloud"), "backup/store-refused");
    } finally {
      await server.remove();
    }
  });

  describe("what the dump gives", () => {
    type Change = (request: ExecRequest) => ExecRequest;
    /** Takes a backup in this process, with another dump program than the real one. */
    async function sabotaged(change: Change): Promise<string> {
      const ports = await wirePorts({ environment: { ...machine.environment }, entrypointDirectory: resolve("src/entrypoint"), self: [] });
      try {
        const exec: Engine["exec"] = (target, request, context) =>
          ports.engine.exec(target, request.argv[0] === "mariadb-dump" ? change(request) : request, context);
        const engine = new Proxy(ports.engine, { get: (real, name) => (name === "exec" ? exec : (Reflect.get(real, name) as unknown)) });
        const backups = withBackups({ ...ports, engine });
        const record = await ports.records.get("shop");
        if (record === undefined) throw new Error("the site is not there");
        const wanted = { store: await findStore(undefined, backups), why: "asked" } as const;
        const context = { emit: () => undefined, signal: new AbortController().signal };
        await expect(takeBackup(record, wanted, backups, context)).rejects.toMatchObject({ code: "backup/failed" });
      } finally {
        await ports.close();
      }
      const { backups } = await answered<{ backups: BackupRecord[] }>(machine, "backup", "ls", "shop");
      expect(backups[0]?.state).toBe("failed");
      return backups[0]?.reason ?? "";
    }
    const without = (pattern: RegExp): Change => {
      return (request) => {
        const out = request.stdout as NodeJS.WritableStream;
        const cut = new Transform({
          transform: (chunk: Buffer, _encoding, done) => done(null, Buffer.from(chunk.toString("latin1").replace(pattern, ""), "latin1")),
        });
        cut.pipe(out, { end: false });
        return { ...request, stdout: cut };
      };
    };

    it("lacks a table", { timeout: MINUTES }, async () => {
      const change: Change = (request) => ({ ...request, argv: request.argv.toSpliced(-2, 0, "--ignore-table=shop.goods") });
      expect(await sabotaged(change)).toContain("lacks goods");
    });

    it("lacks its last line", { timeout: MINUTES }, async () => {
      expect(await sabotaged(without(/-- Dump completed[^\n]*\n/))).toContain("its last line is missing");
    });

    it("is empty, and the program says that all went well", { timeout: MINUTES }, async () => {
      expect(await sabotaged((request) => ({ ...request, argv: ["true"] }))).toContain("its last line is missing");
    });
  });

  it("one of two sites of a schedule: the other one is backed up and verified", { timeout: MINUTES }, async () => {
    const ports = withBackups(
      await wirePorts({ environment: { ...machine.environment }, entrypointDirectory: resolve("src/entrypoint"), self: [] }),
    );
    const ended = new AbortController();
    await machine.ok("backup", "schedule", "shop", "--at", "* * * * *");
    const due = (await ports.backups.schedules.get("shop")) as ScheduleDocument;
    const before = Date.now() - 2000;
    const mark = { schedule: due.mark?.schedule ?? "", handled: before - 1000, next: before };
    for (const namespace of ["another", "shop"]) await ports.backups.schedules.put(namespace, { ...due, namespace, mark: { ...mark } });
    const lines: object[] = [];
    const looping = backupLoop({
      ports,
      clock: { now: () => Date.now(), sleep: async () => ended.abort() },
      signal: ended.signal,
      log: (line) => lines.push(line),
    });
    await looping;
    const last = async (name: string) => (await ports.backups.schedules.get(name))?.last;
    expect(await last("shop")).toMatchObject({ failure: null });
    expect(await last("another")).toMatchObject({ failure: "the site is gone" });
    for (const name of ["shop", "another"]) await ports.backups.schedules.remove(name);
    expect(JSON.stringify(lines)).toContain("proved by restoring");
  });

  describe("what lies in the store", () => {
    const pack = async (): Promise<string> => {
      const found = await readdir(join(store(), "data"), { recursive: true, withFileTypes: true });
      const files = await Promise.all(
        found
          .filter((one) => one.isFile())
          .map(async (one) => ({ path: join(one.parentPath, one.name), size: (await stat(join(one.parentPath, one.name))).size })),
      );
      return files.sort((a, b) => b.size - a.size)[0]?.path ?? "";
    };
    beforeAll(async () => {
      await machine.ok("backup", "now", "shop", "--no-verify");
    });

    it("has a flipped bit", { timeout: MINUTES }, async () => {
      const path = await pack();
      await run(["chmod", "u+w", path]);
      const file = await open(path, "r+");
      const byte = Buffer.alloc(1);
      const middle = Math.floor((await file.stat()).size / 2);
      await file.read(byte, 0, 1, middle);
      byte[0] = (byte[0] ?? 0) ^ 1;
      await file.write(byte, 0, 1, middle);
      await file.close();
      await reported(await machine.howdah("backup", "verify", "shop"), "backup/damaged");
    });

    it("is truncated", { timeout: MINUTES }, async () => {
      const path = await pack();
      await truncate(path, Math.floor((await stat(path)).size / 3));
      await reported(await machine.howdah("backup", "verify", "shop"), "backup/damaged");
    });
  });
});
