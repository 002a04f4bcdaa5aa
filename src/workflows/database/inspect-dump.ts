import { createReadStream, createWriteStream } from "node:fs";
import { lstat, mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { type Readable, Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { DUMP_TRAILER } from "./dump-database.ts";
import { SqlScanner } from "./sql-scanner.ts";

/** Written by mariadb-dump and mysqldump at the top, together with the trailer at the end. */
const DUMP_HEADER = /^(\/\*[^\n]*\n)?-- (MariaDB|MySQL) dump /;
const GZIP_MAGIC = 0x1f8b;

/** Reads a dump, unpacked if it is gzip, whatever its name says. */
export async function openDump(file: string): Promise<{ readonly source: Readable; readonly size: number; readonly unpack: Transform[] }> {
  const { size } = await regularFile(file);
  const source = createReadStream(file);
  return { source, size, unpack: (await isGzip(file)) ? [createGunzip()] : [] };
}

async function regularFile(file: string): Promise<{ readonly size: number }> {
  const found = await lstat(file).catch((error: NodeJS.ErrnoException) => {
    throw new HowdahError("usage/invalid", `${file} can't be read: ${error.message}`, { cause: error });
  });
  const isFile = found.isFile() || found.isSymbolicLink();
  if (!isFile) throw new HowdahError("usage/invalid", `${file} is not a file`);
  return found;
}

async function isGzip(file: string): Promise<boolean> {
  for await (const chunk of createReadStream(file, { end: 1 })) {
    return (chunk as Buffer).length === 2 && (chunk as Buffer).readUInt16BE(0) === GZIP_MAGIC;
  }
  return false;
}

/** Lets a dump through without its DEFINER clauses; `scanner` knows afterwards what was refused. */
export function scanned(scanner: SqlScanner): Transform {
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, Buffer.from(scanner.push(chunk.toString("latin1")), "latin1")),
    flush: (done) => done(null, Buffer.from(scanner.push("", true), "latin1")),
  });
}

/**
 * Reads a whole dump before anything is changed. Errors, `usage/invalid`: it switches databases, it is truncated, it is damaged gzip,
 * it is empty.
 */
export async function inspectDump(file: string, signal: AbortSignal): Promise<void> {
  const { source, unpack } = await openDump(file);
  const scanner = new SqlScanner();
  let head = "";
  let tail = "";
  const look = new Writable({
    write(piece: Buffer, _encoding, done) {
      const text = piece.toString("latin1");
      if (head.length < 512) head += text.slice(0, 512);
      tail = (tail + text).slice(-512);
      done();
    },
  });
  await pipeline([source, ...unpack, scanned(scanner), look], { signal }).catch((error: NodeJS.ErrnoException) => {
    if (error.code?.startsWith("Z_")) throw new HowdahError("usage/invalid", `${file} is damaged: ${error.message}`, { cause: error });
    throw error;
  });
  if (head.trim() === "") throw new HowdahError("usage/invalid", `${file} holds no SQL`);
  if (scanner.refused.length > 0) throw leavesDatabase(file, scanner);
  if (DUMP_HEADER.test(head) && !DUMP_TRAILER.test(tail))
    throw new HowdahError("usage/invalid", `${file} is not whole: it begins as a dump, but its last line is missing`, {
      hint: "Make the dump again; nothing was changed.",
    });
}

function leavesDatabase(file: string, scanner: SqlScanner): HowdahError {
  return new HowdahError("usage/invalid", `${file} switches, makes or drops databases; a site has one database of its own`, {
    output: scanner.refused.slice(0, 20).map(({ line, words }) => `line ${line}: ${words}`),
    hint: "Dump the one database without --databases: `mariadb-dump NAME >dump.sql`. Nothing was changed.",
  });
}

/** Keeps standard input in a file, so that it can be read twice. The caller removes it. */
export async function spool(source: Readable, file: string, signal: AbortSignal): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  try {
    await pipeline(source, createWriteStream(file, { flags: "wx", mode: 0o600 }), { signal });
  } catch (error) {
    await rm(file, { force: true });
    if ((error as NodeJS.ErrnoException).code === "ENOSPC")
      throw new HowdahError("machine/disk-full", `No space left while writing ${file}`, { cause: error });
    throw error;
  }
}
