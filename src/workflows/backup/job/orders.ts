import { createReadStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import { Secret } from "../../../kernel/secret.ts";
import type { BackupRepository, StoreLocation } from "../../../providers/backup/backup-repository.ts";
import { BACKUP_PATHS } from "../../../render/backup/backup-paths.ts";
import type { BackupStores } from "../backup-ports.ts";
import type { BackupReason, BackupRecord, Retention } from "../backup-record.ts";

/** What the steps of a cluster's Job are told; every one of them the same. */
export interface BackupOrders {
  readonly id: string;
  readonly namespace: string;
  readonly site: string;
  /** The Backup: what it keeps is counted among its own. */
  readonly plan: string;
  readonly store: string;
  readonly why: BackupReason;
  readonly location: StoreLocation;
  readonly database: { readonly name: string; readonly user: string; readonly server: string } | null;
  /** The site's writable directories that are volumes. */
  readonly roots: readonly string[];
  /** Null: nothing is deleted. */
  readonly keep: Retention | null;
  /** Backups that are to be deleted: by name, or all of this Backup. Left out: none but what is no longer kept. */
  readonly forget?: readonly string[] | "all" | undefined;
  /** `false`: what is read back stays, since it goes into the site next. */
  readonly onlyCompare: boolean;
}

/** What steps act on. */
export interface StepPorts {
  readonly backups: Pick<BackupStores, "open">;
  readonly clock: { now(): number };
}

/** Where steps have what; other places only in tests. */
export type StepPaths = Readonly<Record<keyof typeof BACKUP_PATHS, string>>;

/** A step's surroundings. */
export interface StepContext {
  readonly ports: StepPorts;
  readonly signal: AbortSignal;
  readonly paths: StepPaths;
}

/** Opens the store with the Secret that is mounted. Error: `backup/store-refused` for a Secret that lacks something. */
export async function openOrdered({ location }: Pick<BackupOrders, "location">, { ports, paths }: StepContext): Promise<BackupRepository> {
  const password = await keyOf("password", paths);
  const keys = location.kind === "s3" ? { id: await keyOf("accessKey", paths), secret: await keyOf("secretKey", paths) } : null;
  return ports.backups.open({ location, password, keys });
}

async function keyOf(name: string, paths: StepPaths): Promise<Secret> {
  const text = await readFile(join(paths.key, name), "utf8").catch(() => "");
  if (text.trim() === "") throw new HowdahError("backup/store-refused", `The store's Secret has no key ${JSON.stringify(name)}`);
  return new Secret(text.trim(), `store/${name}`);
}

/** What a part carries in the store: whose it is, of which Backup and, once, why it was made, for whoever remembers nothing. */
export function orderedTags(
  { namespace, id, plan, why }: Pick<BackupOrders, "namespace" | "id" | "plan" | "why">,
  part: string,
): readonly string[] {
  const tags = [`site=${namespace}`, `backup=${id}`, `plan=${plan}`, `part=${part}`];
  return part === "manifest" ? [...tags, `why=${why}`] : tags;
}

/** Leaves the record for the next steps. */
export async function writeRecord(record: BackupRecord, { paths }: Pick<StepContext, "paths">): Promise<void> {
  await writeFile(paths.record, JSON.stringify(record), { mode: 0o600 });
}

/** The record that a former step left. */
export async function readRecord({ paths }: Pick<StepContext, "paths">): Promise<BackupRecord> {
  return JSON.parse(await readFile(paths.record, "utf8")) as BackupRecord;
}

/** A file that a step of the database left, read as a stream. */
export function leftBehind(file: string): ReturnType<typeof createReadStream> {
  return createReadStream(file);
}

/** What a backup holds, in numbers. */
export function amountsOf({ database, files }: Pick<BackupRecord, "database" | "files">) {
  const tables = Object.values(database?.tables ?? {});
  return {
    tables: tables.length,
    rows: tables.reduce((sum, { rows }) => sum + rows, 0),
    files: files.reduce((sum, one) => sum + one.files, 0),
  };
}
