import { randomBytes } from "node:crypto";
import { lstat, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncDirectory } from "../../host/sync-directory.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { dumpDatabase } from "../database/dump-database.ts";
import { getFiles } from "../files/get-files.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { readSiteText } from "../read-site-file/read-bytes.ts";
import { LOCK_FILE, SITE_FILE } from "../up/locate-site.ts";
import { checkArchive } from "./check-archive.ts";
import { type PackedFile, packDirectory } from "./pack-directory.ts";
import { recordsOf, requireTenant, type Tenant } from "./tenant.ts";

/** What a site's part of an export holds. */
export interface ExportedSite {
  readonly site: string;
  readonly url: string;
  readonly hostnames: readonly string[];
  readonly release: string | null;
  readonly database: { readonly file: string; readonly name: string; readonly charset: string; readonly version: string } | null;
  /** Directories below `files/`. */
  readonly mounts: readonly string[];
  /** What is neither a file nor a directory, and stays behind. */
  readonly leftOut: readonly string[];
}

/** `manifest.json`, the last entry of an export: everything else that is in it, with checksums. */
export interface ExportManifest {
  readonly format: "howdah-tenant-export/1";
  readonly tenant: string;
  readonly profile: string;
  readonly exportedAt: string;
  readonly sites: readonly ExportedSite[];
  readonly files: readonly PackedFile[];
}

/** What was written. */
export interface Exported {
  readonly file: string;
  readonly bytes: number;
  readonly manifest: ExportManifest;
}

/** A site that is exported, where it runs. */
export interface OwedSite {
  readonly record: SiteRecord;
  /** Its name in the export. */
  readonly name: string;
  readonly ports: Ports;
  /** Writes its site file, and what belongs to that, into a directory. */
  readonly copySiteFile: (directory: string) => Promise<void>;
}

/** Whose export it is, and where it goes. */
export interface WantedExport {
  readonly tenant: string;
  readonly profile: string;
  readonly file: string;
  readonly overwrite: boolean;
}

/** An export of a tenant of this machine (`writeExport`). Errors: `tenant/unknown`, those of `writeExport`. */
export async function exportTenant(
  name: string,
  wanted: { readonly file: string; readonly overwrite: boolean },
  ports: Ports,
  context: EngineContext,
): Promise<Exported> {
  const tenant = await requireTenant(name, ports);
  const sites = (await recordsOf(tenant, ports)).map((record): OwedSite => {
    const copy = (directory: string): Promise<void> => copySiteFile(record, directory, context);
    return { record, name: record.site.tenant?.site ?? record.site.name, ports, copySiteFile: copy };
  });
  return await writeExport({ tenant: tenant.name, profile: tenant.profile, ...wanted }, sites, ports, context);
}

/**
 * Writes everything that a client is owed into one tar: for each site its file, its database as a dump, and what lies in its writable paths; at the end
 * a manifest with checksums. The file appears under its name only when it is whole, and was read again. Sites go on meanwhile, and stopped ones are
 * read as well. Errors: `usage/invalid` when the file is there, `machine/disk-full`, `backup/damaged`, those of dumps and copies.
 */
export async function writeExport(
  { tenant, profile, file, overwrite }: WantedExport,
  owed: readonly OwedSite[],
  { clock }: Pick<Ports, "clock">,
  context: EngineContext,
): Promise<Exported> {
  await refuseTaken(file, overwrite);
  const staging = `${file}.staging`;
  const partial = `${file}.${randomBytes(6).toString("hex")}.partial`;
  try {
    await rm(staging, { recursive: true, force: true }); // of an export that was killed
    await mkdir(staging, { mode: 0o700 });
    const sites: ExportedSite[] = [];
    for (const site of owed) sites.push(await stageSite(site, join(staging, "sites"), context));
    const exportedAt = new Date(clock.now()).toISOString();
    const head = { format: "howdah-tenant-export/1", tenant, profile, exportedAt, sites } as const;
    const { files, bytes } = await packDirectory(staging, partial, (packed) => `${JSON.stringify({ ...head, files: packed }, null, 2)}\n`);
    await checkArchive(partial, files);
    await rename(partial, file);
    await syncDirectory(dirname(file));
    return { file, bytes, manifest: { ...head, files } };
  } catch (error) {
    throw named(error, file);
  } finally {
    await rm(partial, { force: true });
    await rm(staging, { recursive: true, force: true });
  }
}

async function refuseTaken(file: string, overwrite: boolean): Promise<void> {
  const there = await lstat(file).catch(() => undefined);
  if (there === undefined || (overwrite && there.isFile())) return;
  throw new HowdahError("usage/invalid", there.isFile() ? `${file} is there already` : `${file} is no file`, {
    hint: there.isFile() ? "Choose another name, or say --overwrite." : "Name a file that is not there yet.",
  });
}

async function stageSite(
  { record, name: own, ports, copySiteFile: copy }: OwedSite,
  parent: string,
  context: EngineContext,
): Promise<ExportedSite> {
  const { site, url, database } = record;
  const directory = join(parent, own);
  await mkdir(join(directory, "files"), { recursive: true });
  await copy(directory);
  if (database !== null) await dumpDatabase(record, { file: join(directory, "database.sql.gz"), overwrite: true }, ports, context);
  const mounts = site.runtime === null ? [] : site.code === "writable" ? ["."] : site.mounts.map(({ path }) => path);
  const leftOut: string[] = [];
  for (const path of mounts) {
    await mkdir(join(directory, "files", path), { recursive: true });
    leftOut.push(
      ...(await getFiles(record, { path: path === "." ? "/srv/web" : path, local: join(directory, "files", path) }, ports, context))
        .leftOut,
    );
  }
  return {
    ...{ site: own, url, hostnames: site.hostnames, release: record.serving?.release ?? null, mounts, leftOut },
    database:
      database === null || site.database === null
        ? null
        : { file: `sites/${own}/database.sql.gz`, name: database.name, charset: site.database.charset, version: site.database.version },
  };
}

/** Never through a link: whoever may write beside the code must not get other files of this machine handed over. */
async function copySiteFile({ file, namespace }: SiteRecord, directory: string, { emit }: EngineContext): Promise<void> {
  try {
    await writeFile(join(directory, SITE_FILE), await readSiteText(file));
  } catch (error) {
    if (!(error instanceof HowdahError)) throw error;
    emit({ type: "notice", level: "warning", message: `The export is without the site file of ${namespace}: ${error.message}` });
  }
  const lock = await readSiteText(join(dirname(file), LOCK_FILE)).catch(() => undefined); // not every site has one
  if (lock !== undefined) await writeFile(join(directory, LOCK_FILE), lock);
}

function named(error: unknown, file: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (error instanceof HowdahError) return error;
  if (code === "ENOSPC" || code === "EDQUOT")
    return new HowdahError("machine/disk-full", `No space left while writing ${file}`, { cause: error });
  if (code === "ENOENT" || code === "EACCES" || code === "ENOTDIR" || code === "EROFS")
    return new HowdahError("usage/invalid", `${file} can't be written: ${(error as Error).message}`, { cause: error });
  return error;
}

/** A file name for an export that nobody named. */
export function usualExportName({ name }: Pick<Tenant, "name">, day: Date): string {
  return `${name}-${day.toISOString().slice(0, 10)}.tar`;
}
