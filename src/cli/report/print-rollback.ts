import type { RolledBack, RollbackPlan } from "../../workflows/release/roll-back.ts";
import type { CliContext } from "../context.ts";
import { seconds } from "./duration.ts";
import { styleFor } from "./style.ts";

/** From which release to which, on one machine or on a cluster. */
export interface WayBack {
  readonly from: { readonly id: string };
  readonly to: { readonly id: string };
  /** Releases between the two whose migrations the former code has not seen. */
  readonly migrations: readonly string[];
}

/** What lies between two releases that going back does not undo. */
export function rollbackWarning({ from, to, migrations }: WayBack): string {
  return `Between ${to.id} and ${from.id} the database was migrated (${migrations.join(", ")}). Data is not rolled back: ${to.id}'s code will run on it as it is now.`;
}

/** The answer of `rollback --dry-run`. */
export function printRollbackPlan(plan: RollbackPlan, context: CliContext): number {
  const { namespace, from, to, migrations } = plan;
  const steps = plan.steps.map(({ do: verb, key, because }) => ({ do: verb, key, because }));
  if (context.terminal.output === "json") {
    context.terminal.out(`${JSON.stringify({ site: namespace, from: from.id, to: to.id, migrations, steps }, null, 2)}\n`);
    return 0;
  }
  const style = styleFor(context.terminal.color);
  const lines = steps.map((step) => `  ${style.cyan(step.do.padEnd(6))} ${step.key} ${style.dim(`because: ${step.because}`)}`);
  const warning = migrations.length === 0 ? "" : `${rollbackWarning(plan)}\n`;
  context.terminal.out(`${namespace} would go back from ${from.id} to ${to.id}:\n${lines.map((line) => `${line}\n`).join("")}${warning}`);
  return 0;
}

/** The answer of `rollback`. */
export function printRollback(done: RolledBack, context: CliContext): number {
  const { record, release, from, to, health, timings, answeringMs } = done;
  if (context.terminal.output === "json") {
    context.terminal.out(
      `${JSON.stringify({ site: record.namespace, url: record.url, from, to, release: release.id, answeringMs, health, timings }, null, 2)}\n`,
    );
    return 0;
  }
  const style = styleFor(context.terminal.color);
  context.terminal.out(`${style.green("✓")} ${record.namespace} is back at ${to}, as ${release.id}\n`);
  context.terminal.err(`  ${style.dim(`answering after ${seconds(answeringMs)} · howdah releases ${record.namespace}`)}\n`);
  return 0;
}
