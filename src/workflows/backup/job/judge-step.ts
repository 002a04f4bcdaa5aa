import { pipeline } from "node:stream/promises";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { BackupRepository, SavedPart } from "../../../providers/backup/backup-repository.ts";
import { differences, dumpDigest } from "../dump-digest.ts";
import type { BackupReason, Retention } from "../backup-record.ts";
import { type Kept, noLongerKept, oldTraces } from "../retention.ts";
import { inOrderOfDeletion, tagOf } from "./parts-of.ts";
import { amountsOf, type BackupOrders, leftBehind, openOrdered, orderedTags, readRecord, type StepContext } from "./orders.ts";

interface Whole extends Kept {
  readonly why: string;
  readonly state: string;
}

const BEFORE_A_RESTORE: BackupReason = "before a restore";
/** What was cut off before its last part is no backup; a Job that still makes one is younger. */
const CUT_OFF_MS = 3 * 24 * 60 * 60_000;
/** As many names as fit into what Kubernetes keeps of a step's words. */
const TOLD = 90;
/** Beside a proof, as much of a reason. */
const MOST_WORDS = 500;

/**
 * The last word on a backup: what the scratch server dumped again must be the tables that were backed up, row for row. Only then the store gets the mark
 * `verified`, and what is no longer kept goes. Errors: `backup/damaged`, those of the store.
 */
export async function judgeStep(orders: BackupOrders, context: StepContext): Promise<object> {
  const record = await readRecord(context);
  if (record.database !== null) {
    const again = dumpDigest();
    await pipeline(leftBehind(context.paths.again), again.stream, drain, { signal: context.signal });
    const { tables, complete } = again.result();
    const wrong = complete ? differences(record.database.tables, tables) : ["the scratch server's dump breaks off"];
    if (wrong.length > 0)
      throw new HowdahError(
        "backup/damaged",
        `${record.database.name} restored is not what was backed up: ${wrong.slice(0, 3).join("; ")}`,
      );
  }
  const repository = await openOrdered(orders, context);
  const at = new Date(context.ports.clock.now()).toISOString();
  const mark = { name: "verified.json", tags: orderedTags(orders, "verified") };
  await repository.save(mark, async (sink) => void sink.write(JSON.stringify({ id: record.id, at })), context.signal);
  const verified = { id: record.id, at, ...amountsOf(record) };
  // A backup that was proved is no failure because another could not be deleted.
  try {
    return { verified, kept: await clean(orders, repository, context) };
  } catch (error) {
    if (context.signal.aborted) throw error;
    return { verified, kept: null, uncleaned: (error instanceof Error ? error.message : String(error)).slice(0, MOST_WORDS) };
  }
}

async function drain(source: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of source);
}

/** Deletes what the Backup no longer keeps. Answers what is left, newest first. */
async function clean(orders: BackupOrders, repository: BackupRepository, { ports, signal }: StepContext): Promise<readonly string[]> {
  const parts = await repository.list([`site=${orders.namespace}`, `plan=${orders.plan}`], signal);
  const byId = Map.groupBy(parts, ({ tags }) => tagOf(tags, "backup"));
  const whole = [...byId].flatMap(([id, its]) => {
    const manifest = its.find((one) => tagOf(one.tags, "part") === "manifest");
    if (manifest === undefined) return [];
    const verified = its.some((one) => tagOf(one.tags, "part") === "verified");
    return [{ id, startedAt: manifest.time, verified, why: tagOf(manifest.tags, "why"), state: "done" }];
  });
  const gone = new Set(orders.keep === null ? [] : noLongerWanted(whole, orders.keep, ports.clock.now()));
  gone.delete(orders.id);
  const known = new Set(whole.map(({ id }) => id));
  const isOld = (its: readonly SavedPart[]): boolean => its.every(({ time }) => ports.clock.now() - Date.parse(time) > CUT_OFF_MS);
  const dead = [...byId].filter(([id, its]) => gone.has(id) || (!known.has(id) && isOld(its)));
  const ids = dead.flatMap(([, its]) => inOrderOfDeletion(its));
  if (ids.length > 0) await repository.forget(ids, { prune: true }, signal);
  const left = whole.filter(({ id }) => !gone.has(id)).toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
  return left.slice(0, TOLD).map(({ id }) => id);
}

/** What takes a restore back is not counted, and stays for a week. */
function noLongerWanted(whole: readonly Whole[], keep: Retention, now: number): readonly string[] {
  const counted = whole.filter(({ why }) => why !== BEFORE_A_RESTORE);
  return [...noLongerKept(counted, keep), ...oldTraces(whole, now).map(({ id }) => id)];
}
