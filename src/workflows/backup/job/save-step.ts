import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { BackupRepository } from "../../../providers/backup/backup-repository.ts";
import { sendTree } from "../../files/send-tree.ts";
import type { BackedUpDatabase, BackedUpFiles, BackupRecord } from "../backup-record.ts";
import { type DumpDigest, dumpDigest } from "../dump-digest.ts";
import { MANIFEST_PART } from "../manifest.ts";
import { DATABASE_PART } from "../save-database.ts";
import { FILES_PART } from "../save-files.ts";
import { digestTar, type TreeDigest } from "../tree-digest.ts";
import { amountsOf, type BackupOrders, leftBehind, openOrdered, orderedTags, type StepContext, writeRecord } from "./orders.ts";

/**
 * Saves what the step before dumped, then the site's files, then the manifest that makes them a backup. Every part is judged before the store is told that it
 * ended: of a dump that breaks off nothing is saved. Errors: `backup/failed`, those of the store.
 */
export async function saveStep(orders: BackupOrders, context: StepContext): Promise<object> {
  const repository = await openOrdered(orders, context);
  await repository.ensure(context.signal);
  const now = (): string => new Date(context.ports.clock.now()).toISOString();
  const startedAt = now();
  const database = orders.database === null ? null : await saveDump(orders, repository, context, startedAt);
  const files: BackedUpFiles[] = [];
  for (const root of orders.roots) files.push(await saveRoot(root, orders, repository, context));
  const { id, namespace, site, store, why } = orders;
  const record: BackupRecord = {
    ...{ id, namespace, site, store, why, startedAt, endedAt: now(), state: "done", runner: "job", reason: null },
    ...{ database, files, manifest: null, verified: null },
  };
  const words = JSON.stringify({ version: 1, record, siteFile: null, secrets: {} });
  const manifest = await repository.save(
    { name: MANIFEST_PART, tags: orderedTags(orders, "manifest") },
    async (sink) => void sink.write(words),
    context.signal,
  );
  await writeRecord({ ...record, manifest: manifest.id }, context);
  const bytes = files.reduce((sum, one) => sum + one.bytes, database?.bytes ?? 0);
  return { made: { id, at: record.endedAt, bytes, ...amountsOf(record) } };
}

async function saveDump(
  orders: BackupOrders,
  repository: BackupRepository,
  { paths, signal, ports }: StepContext,
  begun: string,
): Promise<BackedUpDatabase> {
  const { name, user, server } = orders.database ?? { name: "", user: "", server: "" };
  const reading = dumpDigest();
  let digest: DumpDigest | undefined;
  const part = await repository.save(
    { name: DATABASE_PART, tags: orderedTags(orders, "database") },
    async (sink) => {
      await pipeline([leftBehind(paths.dump), reading.stream, sink], { end: false, signal });
      digest = reading.result();
      await requireWhole(name, digest, paths.work);
    },
    signal,
  );
  if (digest === undefined) throw new TypeError("a part that was saved was produced");
  const { bytes, sha256, tables } = digest;
  const version = (await readFile(join(paths.work, "version"), "utf8")).trim();
  const ended = new Date(ports.clock.now()).toISOString();
  return { part: part.id, name, user, server, version, bytes, sha256, tables, position: null, begun, ended };
}

/** Its last line is there, and every table that the server named before and after. */
async function requireWhole(name: string, { complete, tables }: DumpDigest, work: string): Promise<void> {
  if (!complete) throw new HowdahError("backup/failed", `The dump of ${name} is not whole: its last line is missing`);
  const [before, after] = await Promise.all(
    ["tables-before", "tables-after"].map(async (file) =>
      (await readFile(join(work, file), "utf8")).split("\n").filter((line) => line !== ""),
    ),
  );
  const still = new Set(after);
  const missing = (before ?? []).filter((table) => still.has(table) && tables[table] === undefined);
  if (missing.length === 0) return;
  throw new HowdahError(
    "backup/failed",
    `The dump of ${name} is not whole: it lacks ${missing.slice(0, 5).join(", ")}, which the server has`,
  );
}

async function saveRoot(path: string, orders: BackupOrders, repository: BackupRepository, { signal }: StepContext): Promise<BackedUpFiles> {
  let tree: TreeDigest | undefined;
  let leftOut: readonly string[] = [];
  const part = await repository.save(
    { name: FILES_PART, tags: orderedTags(orders, "files") },
    async (sink) => {
      const { stream, done } = sendTree(path, () => undefined);
      const copy = new PassThrough();
      const [digest, , , sent] = await Promise.all([
        digestTar(copy),
        pipeline(stream, copy),
        pipeline(stream, sink, { end: false, signal }),
        done,
      ]);
      [tree, leftOut] = [digest, sent.leftOut];
    },
    signal,
  );
  if (tree === undefined) throw new TypeError("a part that was saved was produced");
  return { part: part.id, path, ...tree, leftOut };
}
