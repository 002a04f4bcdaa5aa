import { mkdir, readdir, rm, stat, statfs } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { serverReference } from "../up/database-server.ts";
import { readableBytes } from "./byte-progress.ts";
import { DUMP_TRAILER, dumpDatabase } from "./dump-database.ts";
import { dropDumpsBesideData, dumpBesideData, dumpsBesideData } from "./dumps-beside-data.ts";
import { dumpBesideSite, isBesideSite } from "./dumps-beside-site.ts";
import { safetyDirectory } from "./safety-dumps.ts";
import { siteDatabase } from "./site-database.ts";

/** Of how many migrations dumps are kept for each site. */
const KEPT_MIGRATIONS = 3;

const PREFIX = "before-migration-";
const NAME = /^before-migration-([0-9a-f]+)-(\d{4}-[0-9TZ-]+)\.sql\.gz$/;

/** Left free on the disk beyond the dump, so that nothing else of the machine stops for it. */
const SPARE_BYTES = 64 * 1024 * 1024;

export type MigrationDumpPorts = Pick<Ports, "engine" | "databases" | "settings" | "clock">;

/**
 * Dumps the database before a migration runs, reads the file again, and drops dumps that are no longer kept. Answers the file (0600): on one machine it
 * is there, on a cluster on the server's volume, by its path in the server's container; where no pod of the server has MariaDB's programs, on a volume of the site's namespace. Errors: `machine/disk-full` before anything is written when the data might not fit, `database/failed` when the dump is not whole.
 */
export async function dumpBeforeMigration(
  record: SiteRecord,
  step: string,
  ports: MigrationDumpPorts,
  context: EngineContext,
): Promise<string> {
  const time = new Date(ports.clock.now()).toISOString().replaceAll(/[:.]/g, "-");
  const name = `${PREFIX}${step}-${time}.sql.gz`;
  if (ports.engine.kind === "kubernetes") {
    if (isBesideSite(record))
      return dumpBesideSite(record, { name, drops: dumpsToDrop, ...(await sizesOf(record, ports)) }, ports, context);
    // What runs mariadb-dump is the server's own pod, whose volume the dump lies on.
    const path = await dumpBesideData(record, { name, neededBytes: (await sizesOf(record, ports)).neededBytes }, ports, context);
    await dropDumpsBesideData(record, dumpsToDrop(await dumpsBesideData(record, ports, context)), ports, context);
    return path;
  }
  const directory = safetyDirectory(record, ports);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await requireRoom(record, directory, ports);
  const file = join(directory, name);
  const { bytes } = await dumpDatabase(record, { file, overwrite: false }, ports, context);
  await verifyDump(file, bytes, context.signal);
  for (const old of dumpsToDrop(await readdir(directory))) await rm(join(directory, old), { force: true });
  return file;
}

/**
 * Which dumps go: those of all but the last three migrations. Of one migration that was tried several times the first stays, which is from
 * before anything was changed, and the newest.
 */
export function dumpsToDrop(names: readonly string[]): readonly string[] {
  const dumps = names
    .flatMap((name) => {
      const [, step, time] = NAME.exec(name) ?? [];
      return step === undefined || time === undefined ? [] : [{ name, step, time }];
    })
    .sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  const newest = [...new Set(dumps.map(({ step }) => step).reverse())].slice(0, KEPT_MIGRATIONS);
  const kept = new Set(
    newest.flatMap((step) => {
      const own = dumps.filter((dump) => dump.step === step);
      return [own[0]?.name, own.at(-1)?.name];
    }),
  );
  return dumps.map(({ name }) => name).filter((name) => !kept.has(name));
}

/** A dump in gzip is smaller than the data but for what is compressed already: it must fit uncompressed. */
async function sizesOf(
  record: SiteRecord,
  ports: MigrationDumpPorts,
): Promise<{ readonly dataBytes: number; readonly neededBytes: number }> {
  const { server, name } = siteDatabase(record);
  const dataBytes = await ports.databases.sizeBytes({ server: serverReference(server, ports), name });
  return { dataBytes, neededBytes: dataBytes + SPARE_BYTES };
}

async function requireRoom(record: SiteRecord, directory: string, ports: MigrationDumpPorts): Promise<void> {
  const { neededBytes: needed } = await sizesOf(record, ports);
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  if (free >= needed) return;
  throw new HowdahError(
    "machine/disk-full",
    `The dump before the migration may take ${readableBytes(needed)}, and ${directory} has ${readableBytes(free)} left`,
    {
      hint: "Free some space there, or say `dump: false` in `spec.hooks.migrate` when you have a backup of your own. Nothing was changed.",
    },
  );
}

/** Reads a dump as it lies on the disk: whole gzip, all the bytes that were written, the trailer at its end. Error: `database/failed`. */
export async function verifyDump(file: string, bytes: number, signal: AbortSignal): Promise<void> {
  let read = 0;
  let tail = "";
  const look = new Writable({
    write(chunk: Buffer, _encoding, done) {
      read += chunk.length;
      tail = (tail + chunk.subarray(-256).toString("latin1")).slice(-256);
      done();
    },
  });
  const { size } = await stat(file);
  const damage = await pipeline([createReadStream(file), createGunzip(), look], { signal }).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => {
      if (error.code?.startsWith("Z_") !== true) throw error;
      return error.message;
    },
  );
  if (damage === undefined && size > 0 && read > 0 && read === bytes && DUMP_TRAILER.test(tail)) return;
  const why = damage ?? (read === bytes ? "its last line is missing" : `it holds ${String(read)} of ${String(bytes)} bytes`);
  throw new HowdahError("database/failed", `The dump ${file} is damaged: ${why}`, { hint: "Nothing was migrated." });
}
