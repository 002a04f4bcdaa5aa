import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { EngineContext } from "../../ports.ts";
import type { ServerBackupPorts } from "../backup-ports.ts";
import { findStore, openStore } from "../stores.ts";
import { ensureBackupImage, plainVersion } from "./backup-image.ts";
import { readServerBackup, requireRoom, requireWhole } from "./read-server-backup.ts";
import { scratchServer } from "./scratch-server.ts";
import type { CopiedTable, ServerBackup, ServerVerification } from "./server-backup.ts";
import { readServerManifest } from "./server-manifest.ts";
import { checksumStatements, readChecksum } from "./table-contents.ts";
import { serverBackupKey } from "./take-server-backup.ts";

/**
 * Starts a scratch server on a backup's files and looks through every table: each page's checksum and each index; every table of the server must be
 * there, and those that nobody wrote to meanwhile must hold what they held on the server. Only then it counts as verified; what came of it is written
 * down. Error: `backup/damaged`, those of store and engine, written down as well.
 */
export async function verifyServerBackup(backup: ServerBackup, ports: ServerBackupPorts, context: EngineContext): Promise<ServerBackup> {
  const id = `backup/verify ${backup.id}`;
  context.emit({ type: "task-started", id, title: `start a scratch server on ${backup.id} and compare` });
  const began = ports.clock.now();
  const outcome = (reason: string | null, compared: number): ServerVerification => {
    const [at, seconds] = [new Date(ports.clock.now()).toISOString(), Math.round((ports.clock.now() - began) / 100) / 10];
    return { at, seconds, equal: reason === null, reason, tables: backup.tables, compared };
  };
  try {
    const verified: ServerBackup = { ...backup, verified: outcome(null, await compare(backup, ports, context)) };
    await ports.backups.servers.put(serverBackupKey(backup), verified);
    context.emit({ type: "task-done", id, outcome: "changed", detail: `equal after ${String(verified.verified?.seconds)} s` });
    return verified;
  } catch (error) {
    if (context.signal.aborted) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    await ports.backups.servers.put(serverBackupKey(backup), { ...backup, verified: outcome(reason, 0) });
    if (error instanceof HowdahError) context.emit({ type: "task-failed", id, code: error.code, message: error.message });
    throw error;
  }
}

/** Answers how many tables were compared. */
async function compare(backup: ServerBackup, ports: ServerBackupPorts, context: EngineContext): Promise<number> {
  const repository = await openStore(await findStore(backup.store, ports), ports);
  const { tables, backup: stored } = await readServerManifest(requireWhole(backup).manifest, repository, context.signal);
  if (stored.id !== backup.id) throw new HowdahError("backup/damaged", `The manifest of ${backup.id} is another backup's`);
  await requireRoom(backup.bytes, ports);
  const image = await ensureBackupImage(backup.server, backup.version, ports, context);
  const { stream, done } = await readServerBackup(backup, ports, context.signal);
  done.catch(() => {}); // awaited below
  const output = new PassThrough();
  const answers = text(output);
  answers.catch(() => {});
  const work = { do: "check", statements: checksumStatements(tables) } as const;
  try {
    await scratchServer({ image, version: plainVersion(backup.version), input: stream, output, work }, ports, context);
  } catch (error) {
    stream.destroy();
    await done; // what the store says explains why no server starts on it
    throw error;
  }
  output.end();
  await done;
  const lines = (await answers).split("\n").filter((line) => line !== "");
  const wrong = differingTables(
    tables,
    lines.map((line) => readChecksum(line.split("\t").at(-1))),
  );
  if (wrong.length === 0) return tables.filter(({ checksum }) => checksum !== null).length;
  const words = `${backup.server} restored is not what was backed up: ${wrong.slice(0, 3).join("; ")}`;
  throw new HowdahError("backup/damaged", words, { output: wrong.slice(0, 50) });
}

/** What is wrong with the tables of a scratch server, whose checksums are in the same order. */
export function differingTables(tables: readonly CopiedTable[], found: readonly (string | null)[]): readonly string[] {
  return tables.flatMap(({ database, name, checksum }, at) => {
    const there = found[at] ?? null;
    if (there === null) return [`${database}.${name} is missing`];
    return checksum === null || checksum === there ? [] : [`${database}.${name} has other content`];
  });
}
