import { differencesBetween } from "../../plan/database-move/compare-contents.ts";
import { bytesBetween, filesBetween, type LogPosition, nextRound } from "../../plan/database-move/next-round.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { readableBytes } from "../database/byte-progress.ts";
import { siteDatabase } from "../database/site-database.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { serverReference } from "../up/database-server.ts";
import type { Stage } from "../up/stages.ts";
import type { Look } from "./look-at-both.ts";
import type { DatabaseMovePorts } from "./move-journal.ts";

/** Both ends of a move, with what it works through. */
export interface MoveEnds {
  readonly from: SiteRecord;
  readonly to: SiteRecord;
  readonly look: Look;
  readonly moves: DatabaseMovePorts;
  readonly stage: Stage;
  readonly ports: Ports;
  readonly context: EngineContext;
}

function referenceOf(record: SiteRecord, ports: Ports) {
  const { server, name } = siteDatabase(record);
  return { server: serverReference(server, ports), name };
}

/** The whole copy; with a position what was written since can be brought after. */
export async function copyAll({ from, to, look, moves, stage, context }: MoveEnds, withPosition: boolean): Promise<LogPosition | null> {
  const copied = await stage(
    "move/copy",
    withPosition ? "Copying the database while the site serves" : "Copying the database",
    () => moves.carrier.copy({ from, to, withPosition, leftOut: look.leftOut, bytes: look.database.bytes }, context),
    ({ bytes }) => readableBytes(bytes),
  );
  return copied.position;
}

/** Brings what was written since `begin`, once; answers where the source's log was at its beginning. */
async function bringRound({ from, to, moves, ports, context }: MoveEnds, begin: LogPosition, as: ReplayAs): Promise<RoundDone> {
  const source = serverReference(siteDatabase(from).server, ports);
  const end = await moves.mover.position(source);
  const files = filesBetween(await moves.mover.logFiles(source), begin, end);
  if (files === null)
    throw new HowdahError("database/catch-up-failed", `The log of ${source.name} no longer reaches back to where the copy began`, {
      hint: "Its bound was reached meanwhile. `--no-catch-up` copies while the site is held.",
    });
  const bytes = bytesBetween(files, begin, end);
  if (bytes > 0) await moves.carrier.replay({ from, to, as, files, begin, end }, context);
  return { end, bytes };
}

type ReplayAs = Parameters<DatabaseMovePorts["carrier"]["replay"]>[0]["as"];

interface RoundDone {
  readonly end: LogPosition;
  readonly bytes: number;
}

/** Follows the source until what is left is brought in a moment. Answers where that begins. */
export async function catchUp(ends: MoveEnds, begin: LogPosition, as: ReplayAs): Promise<LogPosition> {
  const { stage, ports } = ends;
  let at = begin;
  let lastMs = 0;
  for (let round = 0; ; round++) {
    const behindBytes = await behind(ends, at);
    if (nextRound({ round, behindBytes, lastMs }) === "hold") return at;
    const started = ports.clock.now();
    const title = "Bringing what was written meanwhile";
    const done = await stage(
      "move/catch-up",
      title,
      () => bringRound(ends, at, as),
      ({ bytes }) => `${readableBytes(bytes)} of the log`,
    );
    at = done.end;
    lastMs = ports.clock.now() - started;
  }
}

/** The rest, while nobody writes. */
export async function bringRest(ends: MoveEnds, begin: LogPosition, as: ReplayAs): Promise<void> {
  await ends.stage(
    "move/rest",
    "Bringing the rest",
    () => bringRound(ends, begin, as),
    ({ bytes }) => `${readableBytes(bytes)} of the log`,
  );
}

async function behind({ from, moves, ports }: MoveEnds, at: LogPosition): Promise<number> {
  const source = serverReference(siteDatabase(from).server, ports);
  const end = await moves.mover.position(source);
  return bytesBetween(filesBetween(await moves.mover.logFiles(source), at, end) ?? [], at, end);
}

/** Reads both sides and compares. Error: `database/copy-differs`, naming what. */
export async function requireSame(
  { from, to, look, moves, stage, ports }: MoveEnds,
  checksums: boolean,
): Promise<{ rows: number; tables: number }> {
  const options = { checksums, leftOut: look.leftOut };
  return await stage(
    "move/compare",
    checksums ? "Comparing tables, rows and checksums" : "Comparing tables and rows",
    async () => {
      const [source, copy] = await Promise.all([from, to].map((record) => moves.mover.content(referenceOf(record, ports), options)));
      if (source === undefined || copy === undefined) throw new TypeError("both sides were read");
      const differences = differencesBetween(source, copy);
      if (differences.length === 0) return { tables: source.tables.length, rows: source.tables.reduce((sum, { rows }) => sum + rows, 0) };
      const message = `The copy of ${siteDatabase(from).name} is not what was copied: ${differences[0] ?? ""}`;
      throw new HowdahError("database/copy-differs", message, { output: differences.slice(0, 50) });
    },
    ({ tables, rows }) => `${String(tables)} tables, ${String(rows)} rows`,
  );
}
