import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { phpTarget } from "../php-target.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";

/** A step of a site's life, as its ledger has it. */
export interface LedgerEntry {
  readonly step: string;
  readonly state: string;
  readonly attempts: number;
  readonly runner: string;
  /** UTC. */
  readonly at: string;
}

export type LedgerPorts = Pick<Ports, "engine" | "locks">;

/** The site whose ledger it is, and where it runs. */
export type LedgerPlace = Pick<SiteRecord, "site" | "namespace">;

/** Reads a site's ledger, wherever it keeps it: in its database, or on a volume. */
export async function readLedger(record: LedgerPlace, ports: LedgerPorts, context: EngineContext): Promise<readonly LedgerEntry[]> {
  const { code, out, errors } = await entrypoint(["ledger"], record, ports, context);
  if (code !== 0)
    throw new HowdahError("database/failed", `The ledger of ${record.site.name} could not be read`, { output: errors.split("\n") });
  const rows = JSON.parse(out) as Readonly<Record<string, Omit<LedgerEntry, "step">>>;
  return Object.entries(rows).map(([step, { state, attempts, runner, at }]) => ({ step, state, attempts, runner, at }));
}

/**
 * Writes down what a person decided about migrations that were cut off or have failed: that they may run again, or that they are done.
 * Answers their steps. Errors: `usage/invalid` when none waits for a decision; `machine/busy` while a command works on the site.
 */
export async function decideMigration(
  record: LedgerPlace,
  decision: "retry" | "done",
  ports: LedgerPorts,
  context: EngineContext,
): Promise<readonly string[]> {
  return await ports.locks.hold(record.namespace, "migrate", async () => {
    const waiting = (await readLedger(record, ports, context)).filter(
      ({ step, state }) => step.startsWith("migrate:") && ["started", "interrupted", "failed"].includes(state),
    );
    if (waiting.length === 0) throw new HowdahError("usage/invalid", `No migration of ${record.site.name} waits for a decision`);
    for (const { step } of waiting) {
      const { code, errors } = await entrypoint(["ledger", decision, step], record, ports, context);
      if (code !== 0)
        throw new HowdahError("database/failed", `The ledger of ${record.site.name} could not be written`, { output: errors.split("\n") });
    }
    return waiting.map(({ step }) => step);
  });
}

async function entrypoint(argv: readonly string[], record: LedgerPlace, ports: LedgerPorts, context: EngineContext) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const said = Promise.all([text(stdout), text(stderr)]);
  const request = { argv: ["/usr/bin/php", "/usr/lib/howdah/entrypoint.php", ...argv], stdin: "none", stdout, stderr } as const;
  try {
    const code = await ports.engine.runOnce(phpTarget(record.site, record.namespace), request, context);
    stdout.end();
    stderr.end();
    const [out, errors] = await said;
    return { code, out, errors: errors.trim() };
  } finally {
    stdout.end();
    stderr.end();
  }
}
