import type { LogPosition } from "../../plan/database-move/next-round.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { siteDatabase } from "../database/site-database.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import type { Release } from "../release/release.ts";
import { recoverRollout } from "../rollout/recover-rollout.ts";
import { requireActive } from "../tenant/tenant.ts";
import { checkHealth } from "../up/check-health.ts";
import { serverReference } from "../up/database-server.ts";
import { ensureOwn, openServer, placeOf } from "../up/prepare-database.ts";
import { type Stage, stages, type Timing } from "../up/stages.ts";
import type { ExternalPlace } from "../database-server/ensure-external.ts";
import { watchOf } from "../watch/watch-record.ts";
import { bringRest, catchUp, copyAll, type MoveEnds, requireSame } from "./bring-content.ts";
import { dropFormer } from "./former-databases.ts";
import { lookAtBoth } from "./look-at-both.ts";
import { type DatabaseMovePorts, formerName, type MoveJournal } from "./move-journal.ts";
import { draftOnServer, putAccess, requireServing, rollPods } from "./roll-to.ts";
import { finishMove, undoMove } from "./settle-move.ts";
import { type TargetServer, targetImages, targetServer } from "./target-server.ts";
import { refuseEnvironment } from "../environment/refuse-environment.ts";

/** What a person asked for. */
export interface MoveRequest {
  /** Name of the server. */
  readonly to: string;
  /** Copy while the site serves, and bring the rest after; false: the whole copy while it is held. */
  readonly catchUp: boolean;
  /** Compare every row; false: count them. */
  readonly checksums: boolean;
}

/** What a move did. */
export interface MovedSite {
  readonly site: string;
  readonly from: string;
  readonly to: string;
  readonly database: string;
  readonly release: string;
  /** Null, as the next two: a former command, which may have been killed, has done it. */
  readonly tables: number | null;
  readonly rows: number | null;
  /** Milliseconds in which visitors were held. */
  readonly heldMs: number | null;
  /** Null: what was written during the copy was brought after; else why all was copied while the site was held. */
  readonly noCatchUp: string | null;
  /** The former database is kept, locked, until then. */
  readonly keptUntil: string;
  /** The site's file, and what its `spec.database` has to say from now on. */
  readonly file: string;
  readonly fileWords: string;
  readonly timings: readonly Timing[];
}

/** What visitors read meanwhile. */
const PAGE = { text: "We are moving some data. Back in a moment.", retryAfter: 20 };

/**
 * Moves a site's database to another server. Each step is in the journal before it begins; failing or killed anywhere, the site serves from one server
 * or the other, with everything that was acknowledged.
 *
 * ```
 *   prepare ─▶ copy ───────▶ hold ──────▶ compare ─▶ roll ──────▶ release ─▶ settle ─▶ (done: the journal is gone)
 *   server,    while the     visitors     tables,    new pods     visitors   former pods
 *   way, empty site serves,  wait, user   rows,      beside the   are let    end; former
 *   database,  then what it  locked, the  checksums  former, each in         database kept,
 *   the look   wrote since   rest                    asked                   locked
 *   ◀──────────────────── undo: the site serves from the former server, ───┐ │
 *                         nothing is left on the other ────────────────────┘ └▶ killed here: finished
 * ```
 */
export async function moveDatabase(record: SiteRecord, request: MoveRequest, ports: Ports, context: EngineContext): Promise<MovedSite> {
  refuseEnvironment(record, "its database server is its own", "`howdah env create` makes one of another dataset.");
  const moves = requireMoves(ports);
  const timings: Timing[] = [];
  const stage = stages(context.emit, ports, context.signal, timings);
  return await ports.locks.hold(record.namespace, "db move", async () => {
    await recoverRollout(record.namespace, ports, context);
    const finished = await finishedBefore(record.namespace, request.to, moves, ports);
    if (finished !== undefined) return { ...finished, timings };
    const former = await requireMovable(record.namespace, request.to, ports);
    await wake(former, ports, context);
    const target = await targetServer(former, request.to, ports);
    const done = await performMove({ former, target, request, moves, stage, ports, context });
    await stage("health", `Asking ${former.site.web.healthPath}`, () => checkHealth(former.site, ports, context, former.namespace));
    return { ...done, timings };
  });
}

/** What a killed command had done, but for what was left to finish: asked for again, it answers; undefined when the site has not come to that server by a move. */
async function finishedBefore(
  namespace: string,
  to: string,
  { formers }: DatabaseMovePorts,
  ports: Ports,
): Promise<Omit<MovedSite, "timings"> | undefined> {
  const record = await ports.records.get(namespace);
  const former = (await formers.list(`${namespace}.`)).find(({ movedTo }) => movedTo === to);
  if (record?.database?.server !== to || former === undefined) return undefined;
  const { fileWords } = await targetServer(record, to, ports);
  const { server, name } = former.database;
  return {
    ...{
      site: namespace,
      from: server,
      to,
      database: name,
      release: record.serving?.release ?? "",
      tables: null,
      rows: null,
      heldMs: null,
    },
    ...{ noCatchUp: null, keptUntil: former.keptUntil, file: record.file, fileWords },
  };
}

/** A site that sleeps would not wake while its lock is held. Error: `site/down` for one that was stopped. */
async function wake({ namespace }: SiteRecord, { engine }: Ports, context: EngineContext): Promise<void> {
  const { state } = await engine.use(namespace);
  if (state === "down") throw new HowdahError("site/down", `${namespace} is down, and its pods have to prove the new server`);
  if (state === "asleep") await engine.scaleUp(namespace, context);
}

/** The ports of moves. Error: `usage/invalid` where databases can't be moved. */
export function requireMoves(ports: Pick<Ports, "databaseMoves">): DatabaseMovePorts {
  if (ports.databaseMoves !== undefined) return ports.databaseMoves;
  throw new HowdahError("usage/invalid", "Databases of a cluster's sites can't be moved by this command yet");
}

async function requireMovable(namespace: string, to: string, ports: Ports): Promise<SiteRecord> {
  const record = await ports.records.get(namespace);
  if (record === undefined) throw new HowdahError("site/unknown", `There is no site ${namespace}`);
  await requireActive(record.site, ports);
  if (siteDatabase(record).server === to)
    throw new HowdahError("usage/invalid", `The database of ${namespace} is on ${to} already`, {
      hint: "`howdah db moves` shows what is under way, `howdah db server ls` the servers.",
    });
  if ((await watchOf(namespace, ports)) !== undefined)
    throw new HowdahError("usage/invalid", `${namespace} shows files as they are saved`, { hint: "End `howdah deploy --watch` first." });
  return record;
}

/** A move that may begin. */
interface Move {
  readonly former: SiteRecord;
  readonly target: TargetServer;
  readonly request: MoveRequest;
  readonly moves: DatabaseMovePorts;
  readonly stage: Stage;
  readonly ports: Ports;
  readonly context: EngineContext;
}

/** A journal that is being written. */
interface OpenMove {
  readonly now: () => MoveJournal;
  readonly at: (step: MoveJournal["step"], change?: Partial<MoveJournal>) => Promise<void>;
}

/** Begins a journal; it is on disk when this is done. */
async function openMove(begin: MoveJournal, { journals }: DatabaseMovePorts): Promise<OpenMove> {
  let journal = begin;
  const at: OpenMove["at"] = async (step, change = {}) => {
    journal = { ...journal, ...change, step };
    await journals.put(journal.namespace, journal);
  };
  await at(begin.step);
  return { now: () => journal, at };
}

async function performMove(move: Move): Promise<Omit<MovedSite, "timings">> {
  const { former, target, moves, ports, context, stage } = move;
  const { namespace } = former;
  const from = siteDatabase(former);
  const serving = await requireServing(namespace, ports);
  const journal = await openMove(
    {
      ...{ namespace, step: "prepare", from, to: target.server.name, madeThere: false, held: false },
      ...{ formerRecord: former, formerRelease: serving.id, wanted: null, release: null },
      startedAt: new Date(ports.clock.now()).toISOString(),
    },
    moves,
  );
  const done = await upToRelease(move, serving, journal).catch(async (error: unknown) => {
    await giveUp(error, journal.now(), move);
    throw error;
  });
  // From here on nobody stops it: visitors wait.
  const unstoppable: EngineContext = { emit: context.emit, signal: new AbortController().signal };
  const liftedAt = await stage("move/release", "Visitors are let in, the former pods end", async () => {
    await journal.at("release");
    return await finishMove(journal.now(), moves, ports, unstoppable);
  });
  const kept = await moves.formers.get(formerName(namespace, from.server));
  return {
    ...{ site: namespace, from: from.server, to: target.server.name, database: from.name, release: journal.now().release ?? "" },
    ...{ tables: done.tables, rows: done.rows, heldMs: liftedAt - done.heldAt, noCatchUp: done.noCatchUp },
    ...{ keptUntil: kept?.keptUntil ?? "", file: former.file, fileWords: target.fileWords },
  };
}

interface ReadyToRelease {
  readonly tables: number;
  readonly rows: number;
  readonly heldAt: number;
  readonly noCatchUp: string | null;
}

/** All before visitors are let in: whatever fails here is undone. */
async function upToRelease(move: Move, serving: Release, journal: OpenMove): Promise<ReadyToRelease> {
  const { former, request, moves, stage, ports, context } = move;
  const outside = await stage("move/prepare", `Database server ${move.target.server.name}`, () => openTarget(move));
  const look = await stage("move/check", "Looking at both servers", () =>
    lookAtBoth({ from: former, to: beforeItIsMade(move, outside) }, moves, ports, context),
  );
  const to = await stage("move/database", "An empty database there", () => makeTarget(move, outside, journal));
  const noCatchUp = request.catchUp ? look.noCatchUp : "nothing else was asked for";
  const ends: MoveEnds = { from: former, to, look, moves, stage, ports, context };
  const place = { server: serverReference(siteDatabase(to).server, ports), name: siteDatabase(to).name };
  await journal.at("copy");
  let begin: LogPosition | null = null;
  const as = noCatchUp === null ? await moves.mover.openReplay(place) : null;
  if (as !== null) {
    begin = await copyAll(ends, true);
    if (begin === null) throw new HowdahError("database/catch-up-failed", "The copy does not say where the source's log was");
    begin = await catchUp(ends, begin, as);
  }
  const heldAt = ports.clock.now();
  await holdSite(move, journal);
  if (as !== null && begin !== null) await bringRest(ends, begin, as);
  else await copyAll(ends, false);
  if (as !== null) await moves.mover.closeReplay(place);
  await journal.at("compare");
  const same = await requireSame(ends, request.checksums);
  await stage("move/roll", "Starting pods on the new server", async () => {
    const access = await ensureOwn(siteDatabase(to).server, to, ports);
    await journal.at("roll");
    const secretsDigest = await putAccess(to, access, ports);
    const { release, wanted } = await draftOnServer(to, { serving, secretsDigest }, ports);
    await journal.at("roll", { release: release.id, wanted });
    await rollPods(release, ports, context);
  });
  return { ...same, heldAt, noCatchUp };
}

/** The server, and the site's way to it. */
async function openTarget({ former, target, ports, context }: Move): Promise<ExternalPlace | undefined> {
  const images = await targetImages(target, former, ports, context);
  return await openServer({ server: target.server, ...images, namespace: former.namespace }, ports, context);
}

/** What the look at both servers needs to know of the other one, before anything of the site is there. */
function beforeItIsMade({ former, target }: Move, outside: ExternalPlace | undefined): SiteRecord {
  const { host, port, name, user, uid } = siteDatabase(former);
  return { ...former, site: target.site, database: { ...{ server: target.server.name, host, port, name, user, uid }, ...outside } };
}

/**
 * An empty database there, once nothing speaks against it: what is kept from the last move is dropped for it. Error: `database/move-refused` when somebody
 * has one of that name.
 */
async function makeTarget(
  { former, target, moves, ports, context }: Move,
  outside: ExternalPlace | undefined,
  journal: OpenMove,
): Promise<SiteRecord> {
  const { namespace } = former;
  const { server, site } = target;
  const from = siteDatabase(former);
  const kept = await moves.formers.get(formerName(namespace, server.name));
  if (kept !== undefined) {
    context.emit({
      type: "notice",
      level: "info",
      message: `The former database on ${server.name} is replaced: it was kept from the last move`,
    });
    await dropFormer(kept, ports);
  }
  if (await ports.databases.databaseExists({ server: serverReference(server.name, ports), name: from.name }))
    throw new HowdahError("database/move-refused", `${server.name} has a database ${from.name} already`, {
      hint: "Nothing was changed. Look whose it is; the move makes its own.",
    });
  await journal.at("prepare", { madeThere: true });
  const access = await ensureOwn(server.name, { site, namespace }, ports);
  if (access.name !== from.name || access.user !== from.user || access.uid !== from.uid)
    throw new HowdahError(
      "database/move-refused",
      `The database of ${namespace} is ${from.name}, and would be ${access.name} on ${server.name}`,
    );
  return { ...former, site, database: placeOf(server.name, access, outside) };
}

/** From here on nobody writes: visitors read a page, crons and workers rest, and the source's user is locked out with its sessions. */
async function holdSite({ former, stage, ports, context }: Move, journal: OpenMove): Promise<void> {
  const { namespace, site } = former;
  const { server, user } = siteDatabase(former);
  await stage("move/hold", "Visitors wait", async () => {
    await journal.at("hold", { held: true });
    await ports.engine.hold(namespace, { page: PAGE, stop: site.workers.map(({ name }) => `worker-${name}`) }, context);
    await ports.databases.suspendUser({ server: serverReference(server, ports), user }, true);
  });
}

/** A failure's end. What can't be undone now is by the next command, or by the agent: the journal stays. */
async function giveUp(error: unknown, journal: MoveJournal, { moves, ports, context }: Move): Promise<void> {
  const message = `${error instanceof Error ? error.message : String(error)}. The site goes on serving from ${journal.from.server}`;
  context.emit({ type: "notice", level: "warning", message });
  const unstoppable: EngineContext = { emit: context.emit, signal: new AbortController().signal };
  await undoMove(journal, moves, ports, unstoppable).catch((second: unknown) => {
    const why = second instanceof Error ? second.message : String(second);
    context.emit({ type: "notice", level: "warning", message: `Not all is undone yet, and the agent goes on with it: ${why}` });
  });
}
