import type { SiteRecord } from "../../workflows/ports.ts";
import { confirm, REPLACES } from "../ask-first.ts";
import type { CliContext } from "../context.ts";
import { withReporter } from "./with-reporter.ts";

/** What a person asks for. */
interface Asked {
  readonly namespace: string;
  readonly target: SiteRecord;
  readonly at: string;
  readonly table: string | null;
  readonly yes: boolean;
}

/** Restores a database to one second: for `backup restore --at` and `db restore --at`. */
export async function restorePoint({ namespace, target, at, table, yes }: Asked, context: CliContext): Promise<number> {
  const { withBackups } = await import("../../workflows/backup/backup-ports.ts");
  const { readTime } = await import("../../workflows/backup/binlog/read-time.ts");
  const workflow = await import("../../workflows/backup/binlog/restore-point.ts");
  const ports = withBackups(await context.ports());
  const time = readTime(at, ports.clock.now());
  const what = table === null ? "database" : `table ${table}`;
  await confirm(
    `Replace ${target.namespace}'s ${what} with what it was at ${new Date(time).toISOString()}? It is dumped first.`,
    yes,
    context,
    REPLACES,
  );
  return await withReporter(context, async (_ports, engine) => {
    const restored = await workflow.restorePoint({ namespace, target, at: time, table }, ports, engine);
    const undo = restored.before === null ? "" : undoWords(target.namespace, restored.before);
    const words = `${target.namespace}'s ${what} is as it was at ${restored.at} (from ${restored.base} and ${String(restored.binlogs)} binlogs). Files are as they were.\n${undo}`;
    context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(restored, null, 2)}\n` : words);
    return 0;
  });
}

/** How to undo what was imported. */
export function undoWords(namespace: string, before: string): string {
  return `What was there before is in ${before}; \`howdah db import ${namespace} ${before} --clean --yes\` takes it back.\n`;
}
