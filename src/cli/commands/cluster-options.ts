import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ClusterPlace } from "../../workflows/cluster/cluster-place.ts";
import type { Ports } from "../../workflows/ports.ts";
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

/** A word that is no file is a site's name. */
async function siteName(given: string | undefined, ports: Pick<Ports, "files">, context: CliContext): Promise<string> {
  const { loadSite } = await import("../../workflows/load-site/load-site.ts");
  const isName = given !== undefined && /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(given) && (await ports.files.kind(given)) === "missing";
  return isName ? given : (await loadSite(given, context.directory, ports.files)).site.name;
}
