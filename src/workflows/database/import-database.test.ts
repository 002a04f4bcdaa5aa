import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Readable } from "node:stream";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ExecRequest } from "../../engine/engine.ts";
import { Secret } from "../../kernel/secret.ts";
import type { SiteRecord } from "../ports.ts";
import { type ImportPorts, importDatabase, restoreDump } from "./import-database.ts";

const context = { emit: () => undefined, signal: new AbortController().signal };
const record = {
  namespace: "blog",
  site: { name: "blog" },
  database: { server: "mariadb-11-8", host: "h", port: 3306, name: "blog", user: "blog", uid: "u" },
} as unknown as SiteRecord;
const DUMP = "CREATE TABLE `a` (`n` int);\nINSERT INTO `a` VALUES (1);\n-- Dump completed\n";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "t-import-"));
  await writeFile(join(directory, "dump.sql"), DUMP);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A server whose user may be stopped from writing; it then refuses what makes a table. */
function server(mayWrite: boolean) {
  const state = { mayWrite, filled: true, calls: [] as string[], options: [] as readonly string[] };
  const databases = {
    blockedDatabases: async () => (state.mayWrite ? [] : ["blog"]),
    allowWrites: async () => void (state.mayWrite = true),
    emptyDatabase: async () => {
      state.calls.push("empty");
      state.filled = false;
    },
    tableCount: async () => 1,
    brokenViews: async () => [],
  };
  const exec = async (_target: unknown, { argv, stdin }: ExecRequest): Promise<number> => {
    const statements = await text(stdin as Readable);
    if (!statements.includes("CREATE TABLE")) return 0;
    state.options = argv;
    if (!state.mayWrite) return 1;
    state.filled = true;
    return 0;
  };
  const ports = {
    ...{ databases, engine: { kind: "podman", exec, locate: async () => undefined } },
    secrets: { get: async () => ({ password: new Secret("p", "a test") }) },
    ...{ settings: { stateDirectory: directory }, clock: { now: () => 0 } },
    locks: { hold: (_name: string, _verb: string, work: () => Promise<unknown>) => work() },
  } as unknown as ImportPorts;
  return { state, ports };
}

it("empties no database whose user may not fill it again", async () => {
  const { state, ports } = server(false);
  const imported = importDatabase(record, { source: { file: join(directory, "dump.sql") }, yes: true, clean: true }, ports, context);
  await expect(imported).rejects.toMatchObject({ code: "database/failed", message: expect.stringContaining("may not be written to") });
  expect(state).toMatchObject({ filled: true, calls: [] });
});

it("puts the former content back also when what replaced it was stopped because it filled the disk", async () => {
  const { state, ports } = server(false);
  await restoreDump(record, join(directory, "dump.sql"), ports, context);
  expect(state).toMatchObject({ filled: true, mayWrite: true, calls: ["empty"] });
});

it("gives a large table the time it takes: a tenant's bound of a statement is of its requests", async () => {
  const { state, ports } = server(true);
  await restoreDump(record, join(directory, "dump.sql"), ports, context);
  expect(state.options).toContain("--init-command=SET SESSION max_statement_time=0");
});
