import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Secret } from "../../../kernel/secret.ts";
import { DATABASE_PATHS } from "../../../render/database/server-options.ts";
import type { ExecRequest } from "../../../engine/engine.ts";
import type { EngineContext } from "../../ports.ts";
import type { ServerBackupPorts } from "../backup-ports.ts";
import { restoreServer, undoRestoreServer } from "./restore-server.ts";
import type { ServerBackup } from "./server-backup.ts";

const FILES = "files of the backup";
const backup = {
  ...{ id: "20261122-120000-0001", server: "mariadb-11-8", store: "default", state: "done", version: "11.8.6" },
  ...{ part: "p", manifest: "m", bytes: FILES.length, sha256: createHash("sha256").update(FILES).digest("hex"), databases: [] },
} as unknown as ServerBackup;

let root: string;
/** What the server does when it is to come up; what it was told. */
let starts: () => Promise<void>;
let held: () => Promise<void>;
let said: string[];
let now: number;

const volume = (): string => join(root, "volume");
const there = async (): Promise<string[]> => (await readdir(volume())).toSorted();
const content = async (directory: string): Promise<string> => readFile(join(volume(), directory, "content"), "utf8");
const program = async (name: string, script: string): Promise<void> => {
  await writeFile(join(root, "bin", name), `#!/bin/sh\n${script}\n`);
  await chmod(join(root, "bin", name), 0o755);
};

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "t-restore-server-"));
  for (const one of ["volume/data", "bin"]) await mkdir(join(root, one), { recursive: true });
  await writeFile(join(volume(), "data/content"), "of all sites");
  await program("mbstream", 'cat >"$3/content"');
  await program("mariadb-backup", "exit 0");
  await program("df", "printf 'a\\nb 9 9 999999999 9 /\\n'");
  starts = held = async () => undefined;
  said = [];
  now = Date.parse("2026-11-22T12:00:00Z");
});
afterEach(() => rm(root, { recursive: true }));

/** In the place of the image's shell: a script of ours on a directory of the test's. */
async function runScript({ argv, stdin, stdout, stderr }: ExecRequest): Promise<number> {
  const [, ...words] = argv.map((word) => word.replaceAll(DATABASE_PATHS.volume, volume()));
  const child = spawn("bash", words, { env: { PATH: `${join(root, "bin")}:/usr/bin:/bin` } });
  child.stdin.on("error", () => undefined);
  const ended = new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? 1)));
  if (stdin instanceof Readable) pipeline(stdin, child.stdin).catch(() => undefined);
  await Promise.all([pipeline(child.stdout, stdout as Writable), pipeline(child.stderr, stderr as Writable)]);
  return await ended;
}

function ports(): ServerBackupPorts {
  const store = { name: "default", location: { kind: "directory", path: "/x" }, setAt: "" };
  const repository = { read: () => ({ stream: Readable.from([Buffer.from(FILES)]), done: Promise.resolve() }) };
  return {
    engine: {
      hold: async (_namespace: string, how: object | null) => {
        said.push(how === null ? "go on" : "hold");
        if (how !== null) await held();
      },
      scaleUp: async () => undefined,
      runOnce: async (_target: object, request: ExecRequest) => runScript(request),
    },
    databases: { waitReady: async () => starts() },
    secrets: { getOrGenerate: async () => new Secret("p", "a test"), get: async () => undefined },
    databaseServers: { get: async () => undefined },
    settings: {},
    clock: { now: () => now },
    locks: { hold: async (_namespace: string, _what: string, work: () => Promise<void>) => work() },
    records: { list: async () => [] },
    images: { list: async () => [{ reference: "image" }] },
    sharedImages: { get: async () => ({ name: "backup-mariadb-11-8", reference: "image", version: "11.8.6" }) },
    backups: { stores: { list: async () => [store], get: async () => store }, open: () => repository },
  } as unknown as ServerBackupPorts;
}

const context = {
  emit: (event) => void ("message" in event && said.push(event.message)),
  signal: new AbortController().signal,
} as EngineContext;
const restore = async () => restoreServer(backup, ports(), context);

it("keeps what was there until the next restore has ended well, and gives it back", async () => {
  expect(await restore()).toMatchObject({ former: "data.former-20261122T120000" });
  expect([await there(), await content("data")]).toEqual([["data", "data.former-20261122T120000"], FILES]);
  now += 60_000;
  await restore();
  expect(await there()).toEqual(["data", "data.former-20261122T120100"]);
  await undoRestoreServer("mariadb-11-8", ports(), context);
  expect([await there(), await content("data")]).toEqual([["data"], FILES]);
});

/** A restore that is killed when the server is to start on the backup's files. A minute before and after it. */
async function cutOff(): Promise<void> {
  const cut = new AbortController();
  starts = async () => {
    cut.abort();
    throw new Error("killed");
  };
  now += 60_000;
  await expect(restoreServer(backup, ports(), { ...context, signal: cut.signal })).rejects.toThrow("killed");
  starts = async () => undefined;
  now += 60_000;
}

it("never deletes what a restore that was cut off has put aside", async () => {
  await cutOff();
  for (let times = 0; times < 2; times += 1) {
    await restore();
    now += 60_000;
    expect(await content("data.former-20261122T120100")).toBe("of all sites");
  }
  expect(await there()).toEqual(["data", "data.former-20261122T120100", "data.former-20261122T120300"]);
  expect(said.join("\n")).toContain("data.former-20261122T120100");
});

it("puts what was undone aside as any other: not as one that may go", async () => {
  await restore();
  now += 60_000;
  await undoRestoreServer("mariadb-11-8", ports(), context);
  await cutOff();
  await restore();
  expect(await content("data.former-20261122T120200")).toBe("of all sites");
});

it("gives the server its own back when it does not start on the others, and says why", async () => {
  starts = async () => {
    if (said.filter((one) => one === "hold").length === 1) throw new Error("does not start");
  };
  await expect(restore()).rejects.toThrow("does not start");
  expect([await content("data"), said.at(-1)]).toEqual(["of all sites", "go on"]);
});

it("starts the server again when it could not be held, and says why it could not", async () => {
  held = async () => {
    throw new Error("no hold");
  };
  await expect(restore()).rejects.toThrow("no hold");
  expect([await content("data"), said.at(-1)]).toEqual(["of all sites", "go on"]);
});

it("leaves nothing of files that could not be unpacked", async () => {
  await program("mariadb-backup", "echo 'no such page' >&2; exit 1");
  await expect(restore()).rejects.toThrow("could not be put in place");
  expect([await there(), said]).toEqual([["data"], expect.not.arrayContaining(["hold"])]);
});

it("unpacks nothing without room for it", async () => {
  await program("df", "printf 'a\\nb 9 9 1024 9 /\\n'");
  await expect(restore()).rejects.toMatchObject({ code: "machine/disk-full" });
  expect(await there()).toEqual(["data"]);
});
