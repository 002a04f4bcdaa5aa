import { PassThrough, type Writable } from "node:stream";
import { expect, it } from "vitest";
import type { ExecRequest, Target } from "../../engine/engine.ts";
import type { SiteDatabase, SiteRecord } from "../ports.ts";
import type { BackupPorts } from "./backup-ports.ts";
import { saveDatabase } from "./save-database.ts";

const context = { emit: () => undefined, signal: new AbortController().signal };
const TIMELINE = "0b5f0c5e-8a51-4c43-9f0e-2a4c9d6f1e11";
const DUMP = "-- Table structure for table `a`\nCREATE TABLE `a` (`n` int);\n-- Dump completed\n";

/** A site's database on a server that keeps a binlog; `client`: one outside, whose pod here only leads there. */
async function saved(client: SiteDatabase["client"]) {
  const ran: string[][] = [];
  const exec = async (_target: Target, { argv, stdout }: ExecRequest): Promise<number> => {
    ran.push([...argv]);
    const place = argv.includes("--master-data=2") ? "-- CHANGE MASTER TO MASTER_LOG_FILE='binlog.000004', MASTER_LOG_POS=7;\n" : "";
    if (argv[0] === "sh" && client !== undefined) return 2; // its pod has no data directory
    const words = argv[0] === "sh" ? `${TIMELINE}\n` : argv[0] === "mariadb-dump" ? place + DUMP : answerTo(argv.at(-1) ?? "");
    (stdout as Writable).write(words);
    return 0;
  };
  const ports = {
    ...{ engine: { exec, kind: "podman" }, databases: { brokenViews: async () => [] }, clock: { now: () => 0 } },
  } as unknown as BackupPorts;
  const database = { server: "company", host: "company", port: 3306, name: "blog", user: "blog", uid: "u" };
  const record = { site: { name: "blog" }, namespace: "blog", database: client === undefined ? database : { ...database, client } };
  const save = async (_part: unknown, produce: (sink: Writable) => Promise<void>) => {
    const sink = new PassThrough();
    sink.resume();
    await produce(sink);
    return { id: "part", time: "", tags: [], paths: [] };
  };
  return { backup: await saveDatabase(record as unknown as SiteRecord, save, ports, context), ran };
}

function answerTo(statement: string): string {
  return statement.includes("VERSION()") ? "11.8.3-MariaDB\t1\n" : "a\n";
}

it("names the place in the binlog of a server of ours, from which one second can be restored", async () => {
  const { backup } = await saved(undefined);
  expect(backup.position).toEqual({ timeline: TIMELINE, file: "binlog.000004", offset: 7 });
});

it("saves a database on a server outside that keeps a binlog, without a place in it", async () => {
  const { backup, ran } = await saved({ host: "127.0.0.1", port: 3306 });
  expect(backup).toMatchObject({ position: null, tables: { a: { rows: 0 } } });
  expect(ran.flat()).not.toContain("--master-data=2");
});
