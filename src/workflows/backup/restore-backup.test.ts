import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { lstat, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { SiteRecord } from "../ports.ts";
import type { BackupPorts } from "./backup-ports.ts";
import type { BackupRecord } from "./backup-record.ts";
import { DELETE_OTHERS, restoreBackup } from "./restore-backup.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "t-others-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const hasPhp = spawnSync("php", ["-v"]).status === 0;

it.skipIf(!hasPhp)("deletes files that came after the backup, and nothing that no backup holds", async () => {
  await mkdir(join(root, "kept/links"), { recursive: true });
  await mkdir(join(root, "new/deep"), { recursive: true });
  for (const name of ["kept/a.txt", "kept/later.txt", "new/deep/b.txt"]) await writeFile(join(root, name), "x");
  await symlink("../a.txt", join(root, "kept/links/to-a"));
  const latin = Buffer.concat([Buffer.from(`${root}/F`), Buffer.from([0xfc]), Buffer.from("nf.jpg")]);
  await writeFile(latin, "a picture");
  const ran = spawnSync("php", ["-r", DELETE_OTHERS, "--", root], { input: ["kept", "kept/a.txt"].join("\0") });
  expect([ran.status, String(ran.stderr)]).toEqual([0, ""]);
  expect((await readdir(root, { recursive: true })).filter((name) => !name.startsWith("F")).toSorted()).toEqual([
    ...["kept", "kept/a.txt", "kept/links", "kept/links/to-a"],
  ]);
  expect((await lstat(join(root, "kept/links/to-a"))).isSymbolicLink()).toBe(true);
  expect(existsSync(latin)).toBe(true);
});

/** Restores a backup that holds nothing into a tenant's site; `locked`: what the site's lock says. */
async function restore(locked: (command: string) => void, suspended: readonly (object | null)[] = [null]) {
  const says = [...suspended];
  const ports = {
    settings: { stateDirectory: root },
    machine: { processIdentity: async () => "1 t", isProcessAlive: async () => true },
    tenants: { get: async () => ({ name: "acme", work: null, suspended: says.length > 1 ? says.shift() : says[0] }) },
    backups: { stores: { list: async () => [{ name: "default", location: { kind: "directory", path: "/x" } }] }, open: () => ({}) },
    secrets: { getOrGenerate: async () => undefined },
    locks: {
      hold: async (_namespace: string, command: string, work: () => Promise<unknown>) => {
        locked(command);
        return await work();
      },
    },
  } as unknown as BackupPorts;
  const backup = { id: "20261122-030412-a1b2", store: "default", state: "done", database: null, files: [] } as unknown as BackupRecord;
  const target = { namespace: "acme--blog", database: null, site: { tenant: { name: "acme" }, mounts: [] } } as unknown as SiteRecord;
  return await restoreBackup({ backup, target, fresh: true }, ports, { emit: () => undefined, signal: new AbortController().signal });
}

it("holds the site's lock while it replaces what is there, so that nobody suspends it in the middle", async () => {
  const commands: string[] = [];
  expect(await restore((command) => void commands.push(command))).toMatchObject({ into: "acme--blog" });
  expect(commands).toEqual(["backup restore"]);
  const busy = () => {
    throw new HowdahError("machine/busy", "`howdah up` (process 7) is working on acme--blog");
  };
  await expect(restore(busy)).rejects.toMatchObject({ code: "machine/busy" });
});

it("replaces nothing of a suspended tenant, also when it was suspended while the backup was read", async () => {
  const since = { since: "2026-11-22T12:00:00Z", message: "" };
  await expect(restore(() => undefined, [since])).rejects.toMatchObject({ code: "tenant/suspended" });
  await expect(restore(() => undefined, [null, since])).rejects.toMatchObject({ code: "tenant/suspended" });
});
