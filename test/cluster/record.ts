import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "../../src/host/write-atomically.ts";
import type { Settings } from "./settings.ts";

/** What a run directory says about itself; a directory without it is not ours, and never removed. */
export interface RunRecord {
  readonly number: number;
  /** Names of the add-ons that were started. */
  readonly addons: readonly string[];
}

/** The record of the run directory; undefined when there is none. */
export async function readRecord(settings: Settings): Promise<RunRecord | undefined> {
  const text = await readFile(recordFile(settings), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as RunRecord);
}

/** Adds add-ons to the record, which comes to be with it. */
export async function recordAddons(settings: Settings, addons: readonly string[]): Promise<void> {
  const known = (await readRecord(settings))?.addons ?? [];
  const record: RunRecord = { number: settings.number, addons: [...new Set([...known, ...addons])] };
  await writeAtomically(recordFile(settings), JSON.stringify(record), { mode: 0o644 });
}

function recordFile(settings: Settings): string {
  return join(settings.directory, "howdah-test-cluster.json");
}
