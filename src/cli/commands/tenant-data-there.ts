import { resolve } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { confirm } from "../ask-first.ts";
import type { CliContext } from "../context.ts";
import { clusterOf } from "./tenant-there.ts";
import { withReporter } from "./with-reporter.ts";

/** `tenant export --context`. */
export async function exportThere(
  name: string,
  { file, overwrite, context: there }: { readonly file: string | undefined; readonly overwrite: boolean; readonly context: string },
  context: CliContext,
): Promise<number> {
  const { exportClusterTenant } = await import("../../workflows/cluster/export-cluster-tenant.ts");
  const { usualExportName } = await import("../../workflows/tenant/export-tenant.ts");
  const cluster = await clusterOf(there, context);
  return await withReporter(context, async (ports, engine) => {
    const target = resolve(context.directory, file ?? usualExportName({ name }, new Date(ports.clock.now())));
    const { manifest, bytes } = await exportClusterTenant(name, { file: target, overwrite }, cluster, ports, engine);
    context.terminal.out(
      context.terminal.output === "json" ? `${JSON.stringify({ file: target, bytes, ...manifest }, null, 2)}\n` : `${target}\n`,
    );
    return 0;
  });
}

const listed = (lines: readonly string[]): string => lines.map((line) => `  ${line}\n`).join("");

/** `tenant delete --context`. */
export async function deleteThere(
  name: string,
  flags: { readonly yes: boolean; readonly export?: string | false; readonly context: string },
  context: CliContext,
): Promise<number> {
  const { deleteClusterTenant, planClusterDeletion } = await import("../../workflows/cluster/delete-cluster-tenant.ts");
  const cluster = await clusterOf(flags.context, context);
  const plan = await planClusterDeletion(name, cluster, await context.ports(), context.signal);
  const { tenant, deletes, keeps, keptUntil } = plan;
  if (typeof flags.export !== "string" && flags.export !== false && tenant.deleting === null)
    throw new HowdahError("usage/invalid", `Where is the data of ${name} handed over to?`, {
      hint: `--export ${name}.tar writes it to a file; --no-export says that nobody wants it.`,
    });
  const target = typeof flags.export === "string" && tenant.deleting === null ? resolve(context.directory, flags.export) : null;
  const day = keptUntil.slice(0, 10);
  context.terminal.err(
    `${target === null ? "" : `Hands over:\n  ${target}\n`}Deletes:\n${listed(deletes)}Keeps until ${day}:\n${listed(keeps)}`,
  );
  await confirm(`Delete the tenant ${name} of ${cluster.context}?`, flags.yes, context);
  await withReporter(context, (ports, engine) => deleteClusterTenant(plan, target, cluster, ports, engine));
  context.terminal.out(
    context.terminal.output === "json"
      ? `${JSON.stringify({ name, exported: target, deletes, keeps, keptUntil })}\n`
      : `The sites of ${name} are gone. Its data is kept until ${day}; then the operator deletes it. \`howdah tenant show ${name} --context ${flags.context}\` says how far it is.\n`,
  );
  return 0;
}

/** `tenant rotate-key --context`. */
export async function rotateKeyThere(
  name: string,
  { finish, context: there }: { readonly finish: boolean; readonly context: string },
  context: CliContext,
): Promise<number> {
  const { rotateClusterKey } = await import("../../workflows/cluster/rotate-cluster-key.ts");
  const cluster = await clusterOf(there, context);
  return await withReporter(context, async (ports, engine) => {
    const word = new Date(ports.clock.now()).toISOString();
    const rotated = await rotateClusterKey(name, { finish, word }, cluster, { ports, context: engine });
    return printRotated(name, rotated, finish ? null : `howdah tenant rotate-key ${name} --finish --context ${there}`, context);
  });
}

/** The key that signs, and how long the former one is valid: `until` that command; null: no longer. */
export function printRotated(name: string, rotated: { readonly keyId: string }, until: string | null, context: CliContext): number {
  const next = until === null ? "is the only key now" : `is the key now; the former one is valid until \`${until}\``;
  context.terminal.out(
    context.terminal.output === "json" ? `${JSON.stringify({ tenant: name, ...rotated })}\n` : `${rotated.keyId} ${next}\n`,
  );
  return 0;
}
