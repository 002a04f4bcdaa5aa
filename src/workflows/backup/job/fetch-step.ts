import { rm } from "node:fs/promises";
import { join } from "node:path";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { BackupRecord } from "../backup-record.ts";
import { fetchDump, fetchFiles } from "../fetch-parts.ts";
import { readManifest } from "../manifest.ts";
import { type BackupOrders, openOrdered, type StepContext, writeRecord } from "./orders.ts";

/**
 * Reads a backup back from the store into a scratch place and compares every byte of the dump and every file's hash with what was backed up. Errors:
 * `backup/unknown`, `backup/damaged`, those of the store; `usage/invalid` for one that does not fit the site it is to go into.
 */
export async function fetchStep(orders: BackupOrders, context: StepContext): Promise<object> {
  const { signal, paths } = context;
  const repository = await openOrdered(orders, context);
  const [part] = await repository.list([`backup=${orders.id}`, "part=manifest"], signal);
  if (part === undefined) throw new HowdahError("backup/unknown", `There is no whole backup ${orders.id} in the store`);
  const { record } = await readManifest(part.id, repository, signal);
  if (record.id !== orders.id) throw new HowdahError("backup/damaged", `The manifest of ${orders.id} is another backup's`);
  if (!orders.onlyCompare) requireFits(record, orders);
  if (record.database !== null) await fetchDump(record.database, paths.stored, repository, signal);
  for (const [index, files] of record.files.entries()) {
    const target = join(paths.files, String(index));
    await fetchFiles(files, target, repository, signal);
    if (orders.onlyCompare) await rm(target, { recursive: true });
  }
  await writeRecord(record, context);
  return { fetched: record.id };
}

function requireFits({ id, database, files }: BackupRecord, { roots, database: wanted }: BackupOrders): void {
  if (database !== null && wanted === null) throw new HowdahError("usage/invalid", `The site has no database, and ${id} has one`);
  if (database === null && wanted !== null) throw new HowdahError("usage/invalid", `The site has a database, and ${id} has none`);
  const homeless = files.find(({ path }) => !roots.includes(path));
  if (homeless !== undefined) throw new HowdahError("usage/invalid", `The site has no volume at ${homeless.path}, and ${id} has one`);
}
