import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ClusterPlace } from "../../workflows/cluster/cluster-place.ts";
import type { Ports, SiteRecord } from "../../workflows/ports.ts";
import type { CliContext } from "../context.ts";

/** Flags of a verb that also works on a cluster. */
export interface ClusterFlags {
  readonly context?: string;
  readonly namespace?: string;
}

/** Gives a verb `--context` and `--namespace`. Without `--context` it works on this machine. */
export function clusterOptions(command: Command): Command {
  return command
    .option("--context <name>", "on a cluster: the kubeconfig's context (`.` is the current one)")
    .option("--namespace <name>", "with --context: the namespace (default: the site's name)");
}

/** The context that a person means: `.` is the current one. Error: `usage/invalid` for a namespace without a cluster. */
export function contextOf({ context, namespace }: ClusterFlags): { readonly name: string | undefined } | undefined {
  if (context === undefined && namespace !== undefined) throw new HowdahError("usage/invalid", "--namespace is for --context");
  return context === undefined ? undefined : { name: context === "." ? undefined : context };
}

/** Where a verb works: the namespace that is named, or that of the site by its file or name. Errors: `cluster/not-installed`, those of loading. */
export async function placeOf(
  flags: ClusterFlags,
  chosen: { readonly name: string | undefined },
  given: string | undefined,
  ports: Pick<Ports, "clusters" | "files">,
  context: CliContext,
): Promise<ClusterPlace> {
  const { requireInstalled } = await import("../../workflows/cluster/cluster-place.ts");
  const cluster = await ports.clusters.connect(chosen.name);
  await requireInstalled(cluster, context.signal);
  return { cluster, namespace: flags.namespace ?? (await siteName(given, ports, context)) };
}

/**
 * The site that a verb means, and the ports of where it runs: this machine, or with `--context` a cluster. Errors: those of `placeOf`,
 * `site/unknown`.
 */
export async function siteWhereItRuns(
  given: string | undefined,
  flags: ClusterFlags,
  context: CliContext,
): Promise<{ readonly record: SiteRecord; readonly ports: Ports }> {
  const chosen = contextOf(flags);
  const ports = await context.ports();
  if (chosen === undefined) {
    const { findRecord } = await import("../../workflows/find-record.ts");
    return { record: await findRecord(given, context.directory, ports), ports };
  }
  const { cluster, namespace } = await placeOf(flags, chosen, given, ports, context);
  const there = await ports.clusters.ports(cluster, namespace);
  const record = await there.records.get(namespace);
  if (record === undefined)
    throw new HowdahError("site/unknown", `No site serves in the namespace ${namespace} of the cluster ${cluster.context}`, {
      hint: `\`howdah status --context ${chosen.name ?? "."}\` lists all.`,
    });
  return { record, ports: there };
}

/** A word that is no file is a site's name. */
async function siteName(given: string | undefined, ports: Pick<Ports, "files">, context: CliContext): Promise<string> {
  const { loadSite } = await import("../../workflows/load-site/load-site.ts");
  const isName = given !== undefined && /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(given) && (await ports.files.kind(given)) === "missing";
  return isName ? given : (await loadSite(given, context.directory, ports.files)).site.name;
}
