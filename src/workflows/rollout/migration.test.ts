import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ExecRequest } from "../../engine/engine.ts";
import type { Event } from "../../kernel/event.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { LedgerRow } from "../../providers/database/database-server.ts";
import type { Deployment, Rendered } from "../../render/objects.ts";
import { checkSite } from "../../site/check-site.ts";
import { parseSite } from "../../site/parse-site.ts";
import type { MigrationRecord, SiteRecord } from "../ports.ts";
import { type MigrationPorts, pendingMigration, runMigration } from "./migration.ts";

function recordOf(hook: string, watched: Readonly<Record<string, string>> = {}): SiteRecord {
  const text = `apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: {name: shop}\nspec:\n  runtime: {php: "8.4"}\n  database: {}\n  hooks: {install: php i.php, migrate: ${hook}}\n`;
  const { site, diagnostics } = checkSite(parseSite(text), { environment: "production" });
  if (site === undefined) throw new Error(JSON.stringify(diagnostics));
  const database = { server: "mariadb", host: "mariadb", port: 3306, name: "shop", user: "shop", uid: "u" };
  return {
    ...{ site, namespace: "shop", file: "/srv/shop/howdah.yaml", url: "http://shop", images: { web: "w", php: "p" }, releaseId: "r" },
    ...{ migration: "m2", watched, secretsDigest: "s", database, updatedAt: "", serving: null, postDeployed: null, credentialsShown: true },
  };
}

const web: Rendered = { key: "Deployment/web", digest: "d", object: { kind: "Deployment" } as Deployment };
const installed: LedgerRow = { step: "install", state: "done", runner: "" };
const short = "{run: php m.php, dump: false}";

/** A world in which the one-off does what `hook` says; it may write the ledger, as the real one does. */
function world(options: {
  readonly ledger?: LedgerRow[] | null;
  readonly tables?: number;
  readonly hook?: (say: (line: string) => void, ledger: LedgerRow[]) => number | Promise<number>;
  readonly files?: Readonly<Record<string, string>>;
  readonly former?: SiteRecord;
  readonly bytes?: number;
}) {
  const ledger = options.ledger === undefined ? [installed] : options.ledger;
  const notes: MigrationRecord[] = [];
  const ran: ExecRequest[] = [];
  const runOnce = async (_target: unknown, request: ExecRequest): Promise<number> => {
    ran.push(request);
    const say = (line: string): void => void (request.stdout as Writable).write(`${line}\n`);
    return await (options.hook?.(say, ledger ?? []) ?? 0);
  };
  const ports = {
    engine: { runOnce, observe: () => Promise.resolve({ pods: [] }) },
    databases: {
      ledger: () => Promise.resolve(ledger),
      tableCount: () => Promise.resolve(options.tables ?? 0),
      sizeBytes: () => Promise.resolve(options.bytes ?? 0),
    },
    settings: { stateDirectory: state },
    clock: { now: () => 0 },
    migrations: { put: (_name: string, note: MigrationRecord) => Promise.resolve(void notes.push(note)) },
    records: { get: () => Promise.resolve(options.former) },
    files: { read: (path: string) => Promise.resolve(options.files?.[path]) },
  } as unknown as MigrationPorts;
  return { ports, notes, ran, ledger };
}

let state = "";
const migrateIn = async (record: SiteRecord, ports: MigrationPorts, signal = new AbortController().signal) => {
  const events: Event[] = [];
  const pending = await pendingMigration(record, ports);
  if (pending === null) throw new Error("nothing is pending");
  const done = runMigration(pending, { record, desired: [web], steps: [] }, ports, { emit: (event) => void events.push(event), signal });
  const failure = await done.then(
    () => undefined,
    (error: unknown) => error,
  );
  return { failure: failure as HowdahError | undefined, events };
};

describe("pendingMigration", () => {
  it.each<{ name: string; ledger: LedgerRow[] | null; tables?: number; is: string | null }>([
    { name: "is none before the first start", ledger: null, is: null },
    { name: "is none while the first start begins", ledger: [], is: null },
    { name: "is new on somebody's own tables that no start has seen", ledger: null, tables: 3, is: "new" },
    { name: "is new when the install hook came later", ledger: [{ step: "migrate:m1", state: "done", runner: "" }], is: "new" },
    { name: "is none while the site is not installed", ledger: [{ ...installed, state: "started" }], is: null },
    {
      name: "is new for inputs that the ledger does not know",
      ledger: [installed, { step: "migrate:m1", state: "done", runner: "" }],
      is: "new",
    },
    { name: "is new on imported data", ledger: [{ ...installed, state: "adopted" }], is: "new" },
    { name: "is none when it is done", ledger: [installed, { step: "migrate:m2", state: "done", runner: "" }], is: null },
    ...["started", "failed", "interrupted", "retry"].map((one) => ({
      name: `is ${one} as the ledger says`,
      ledger: [installed, { step: "migrate:m2", state: one, runner: "" }],
      is: one,
    })),
  ])("$name", async ({ ledger, tables, is }) => {
    expect((await pendingMigration(recordOf(short), world({ ledger, tables: tables ?? 0 }).ports))?.state ?? null).toBe(is);
  });

  it("is none without a database: such sites migrate at start", async () => {
    expect(await pendingMigration({ ...recordOf(short), database: null }, world({}).ports)).toBeNull();
  });
});

describe("runMigration", () => {
  beforeAll(async () => {
    state = await mkdtemp(join(tmpdir(), "howdah-migration-"));
  });
  afterAll(() => rm(state, { recursive: true }));

  it("runs the entrypoint once, shows its steps and its hook's lines, and notes the end", async () => {
    const { ports, ran, notes } = world({
      hook: (say) => {
        say('howdah: {"event":"step","message":"migrating","step":"migrate","state":"started"}');
        say("Migrated: 2026_01");
        return 0;
      },
    });
    const { failure, events } = await migrateIn(recordOf(short), ports);
    expect(failure).toBeUndefined();
    expect(ran.map(({ argv, env }) => [argv.at(-1), Object.keys(env ?? {})])).toEqual([["migrate", ["HOWDAH_ATTEMPT"]]]);
    expect(events).toEqual([
      { type: "task-progress", id: "migrate", detail: "migrating" },
      { type: "output", id: "migrate", line: "Migrated: 2026_01" },
    ]);
    expect(notes.map((note) => note.state)).toEqual(["running", "done"]);
  });

  it("gives a failure in the entrypoint's words, with the hook's last lines", async () => {
    const { ports, notes } = world({
      hook: (say) => {
        say("no such column");
        say('howdah: {"event":"failed","code":"site/migrate-failed","message":"The migrate hook failed: exit code 1"}');
        return 72;
      },
    });
    const { failure } = await migrateIn(recordOf(short), ports);
    expect(failure).toMatchObject({
      code: "site/migrate-failed",
      message: "The migrate hook failed: exit code 1",
      output: ["no such column"],
    });
    expect(failure?.hint).toContain("The former release goes on serving");
    expect(notes.at(-1)).toMatchObject({ state: "failed" });
  });

  it.each<{ name: string; after: string | undefined; code: string | undefined }>([
    { name: "a container that died in the middle", after: "started", code: "site/migration-interrupted" },
    { name: "one that died before it began", after: undefined, code: "site/migrate-failed" },
    { name: "one that died after its end was written", after: "done", code: undefined },
  ])("tells by the ledger what came of $name", async ({ after, code }) => {
    const { ports, notes } = world({
      hook: (_say, ledger) => {
        if (after !== undefined) ledger.push({ step: "migrate:m2", state: after, runner: "" });
        return 137;
      },
    });
    const { failure } = await migrateIn(recordOf(short), ports);
    expect(failure?.code).toBe(code);
    if (code === "site/migration-interrupted")
      expect(failure?.hint).toMatch(/howdah migrate shop --retry.*howdah migrate shop --mark-done/);
    expect(notes.at(-1)?.state).toBe(code === undefined ? "done" : code === "site/migrate-failed" ? "failed" : "interrupted");
  });

  it("runs nothing while a person has not decided, but what may be repeated", async () => {
    const ledger = [installed, { step: "migrate:m2", state: "interrupted", runner: "" }];
    const waiting = world({ ledger });
    expect((await migrateIn(recordOf(short), waiting.ports)).failure).toMatchObject({ code: "site/migration-interrupted" });
    expect(waiting.ran).toEqual([]);
    const repeated = world({ ledger });
    expect((await migrateIn(recordOf("{run: php m.php, dump: false, repeatable: true}"), repeated.ports)).failure).toBeUndefined();
    expect(repeated.ran).toHaveLength(1);
  });

  it("is cut off when it is stopped", async () => {
    const stop = new AbortController();
    const { ports } = world({
      hook: (_say, ledger) => {
        ledger.push({ step: "migrate:m2", state: "started", runner: "" });
        stop.abort();
        throw new Error("aborted");
      },
    });
    expect((await migrateIn(recordOf(short), ports, stop.signal)).failure).toMatchObject({
      code: "site/migration-interrupted",
      message: expect.stringContaining("it was stopped"),
    });
  });

  it.each([
    { name: "began", after: "started", code: "site/migration-interrupted", state: "interrupted" },
    { name: "had not begun", after: undefined, code: "site/migrate-failed", state: "failed" },
    { name: "had ended", after: "done", code: undefined, state: "done" },
  ])("judges one by the ledger that $name when its pod was taken away", async ({ after, code, state: expected }) => {
    const { ports, notes } = world({
      hook: (_say, ledger) => {
        if (after !== undefined) ledger.push({ step: "migrate:m2", state: after, runner: "" });
        throw new HowdahError("engine/crashed", "The pod web-once-1 was deleted while its program ran");
      },
    });
    const { failure } = await migrateIn(recordOf(short), ports);
    expect(failure?.code).toBe(code);
    if (code !== undefined) expect(failure?.message).toContain("The pod web-once-1 was deleted while its program ran");
    expect(notes.at(-1)?.state).toBe(expected);
  });

  it("does not begin when its dump might not fit", async () => {
    const { ports, ran, notes } = world({ bytes: 1e18 });
    const { failure } = await migrateIn(recordOf("php m.php"), ports);
    expect(failure).toMatchObject({
      code: "machine/disk-full",
      message: expect.stringContaining(state),
      hint: expect.stringContaining("dump: false"),
    });
    expect([ran, notes]).toEqual([[], []]);
  });

  describe("judges new files before they run", () => {
    const files = { "/srv/shop/m/1.sql": "DROP TABLE old;", "/srv/shop/m/2.sql": "ALTER TABLE a DROP b;" };
    const watched = { "m/1.sql": "one", "m/2.sql": "two" };
    const hook = (unsafe: string): string => `{run: php m.php, dump: false, watch: [m], unsafe: ${unsafe}}`;
    const former = recordOf(hook("warn"), { "m/1.sql": "one" });
    const judged = async (unsafe: string) => {
      const { ports, ran } = world({ files, former });
      const { failure, events } = await migrateIn(recordOf(hook(unsafe), watched), ports);
      return { failure, said: events.flatMap((event) => (event.type === "notice" ? [event.message] : [])), ran: ran.length };
    };

    it("warns of those that the database has not seen", async () => {
      const { failure, said, ran } = await judged("warn");
      expect([failure, ran]).toEqual([undefined, 1]);
      expect(said).toEqual([expect.stringMatching(/^m\/2\.sql:1: DROP COLUMN b of a: .*\. Deploy code/)]);
    });
    it("refuses when the site file says so", async () => {
      const { failure, ran } = await judged("refuse");
      expect(failure).toMatchObject({ code: "site/migration-unsafe", output: [expect.stringContaining("m/2.sql:1")] });
      expect(ran).toBe(0);
    });
    it("says nothing when the site file allows it", async () => expect(await judged("allow")).toMatchObject({ said: [], ran: 1 }));
  });
});
