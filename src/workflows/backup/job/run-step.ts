import { writeFile } from "node:fs/promises";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import { fetchStep } from "./fetch-step.ts";
import { forgetStep } from "./forget-step.ts";
import { judgeStep } from "./judge-step.ts";
import type { BackupOrders, StepContext } from "./orders.ts";
import { putStep } from "./put-step.ts";
import { saveStep } from "./save-step.ts";

/** Our own steps of a backup's Job, by the names of their containers. */
export const backupSteps = { save: saveStep, fetch: fetchStep, judge: judgeStep, put: putStep, forget: forgetStep } as const;

/** A step's name. */
export type BackupStep = keyof typeof backupSteps;

/** Words beyond that Kubernetes would cut in the middle of JSON. */
const MOST_WORDS = 800;

/** Runs one step and leaves what it did, or why it failed, where the operator reads it. Answers the exit code. */
export async function runStep(step: BackupStep, orders: BackupOrders, context: StepContext): Promise<number> {
  try {
    await writeFile(context.paths.answer, JSON.stringify(await backupSteps[step](orders, context)));
    return 0;
  } catch (error) {
    const code = error instanceof HowdahError ? error.code : nameOf(error);
    const message = (error instanceof Error ? error.message : String(error)).slice(0, MOST_WORDS);
    await writeFile(context.paths.answer, JSON.stringify({ failed: { code, message } }));
    return 1;
  }
}

function nameOf(error: unknown): string {
  const { code } = error as { readonly code?: string };
  return code === "ENOSPC" || code === "EDQUOT" ? "machine/disk-full" : "backup/failed";
}
