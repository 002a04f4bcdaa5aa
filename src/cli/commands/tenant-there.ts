import type { Command } from "commander";
import { isTenantProfile } from "../../catalog/tenant-profiles.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ClusterPlace } from "../../workflows/cluster/cluster-place.ts";
import type { ClusterTenant } from "../../workflows/cluster/cluster-tenants.ts";
import { CLOSES, confirm } from "../ask-first.ts";
import type { CliContext } from "../context.ts";
import type { profileFrom } from "./tenant-bounds.ts";
import { table } from "../report/table.ts";

/** The flag of verbs that also work on a cluster's Tenants. */
export interface ThereFlags {
  readonly context?: string;
}

/** Gives a verb `--context`. */
export function thereOption(command: Command): Command {
  return command.option("--context <name>", "on a cluster: the kubeconfig's context (`.` is the current one)");
}

/** The cluster of a context, with Howdah in it. Errors: `cluster/not-installed`, `usage/invalid` for an unknown context. */
export async function clusterOf(name: string, context: CliContext): Promise<ClusterPlace["cluster"]> {
  const { requireInstalled } = await import("../../workflows/cluster/cluster-place.ts");
  const cluster = await (await context.ports()).clusters.connect(name === "." ? undefined : name);
  await requireInstalled(cluster, context.signal);
  return cluster;
}

/** `tenant ls --context`. */
export async function listThere(cluster: string, context: CliContext): Promise<number> {
  const { clusterTenants } = await import("../../workflows/cluster/cluster-tenants.ts");
  return print(await clusterTenants(await clusterOf(cluster, context), context.signal), false, context);
}

/** `tenant show --context`. */
export async function showThere(name: string, cluster: string, context: CliContext): Promise<number> {
  const { clusterTenant } = await import("../../workflows/cluster/cluster-tenants.ts");
  return print([await clusterTenant(name, await clusterOf(cluster, context), context.signal)], true, context);
}

/** `tenant create --context`: its namespace and guards; sites come with `howdah deploy --context`. */
export async function createThere(name: string | undefined, profile: string, cluster: string, context: CliContext): Promise<number> {
  const { createClusterTenant } = await import("../../workflows/cluster/cluster-tenants.ts");
  if (name === undefined || !isTenantProfile(profile))
    throw new HowdahError("usage/invalid", "On a cluster a tenant is made with a name and a profile: small, medium, large or own");
  const made = await createClusterTenant({ name, profile }, await clusterOf(cluster, context), context.signal);
  return print([made], true, context);
}

/** `tenant suspend|resume --context`. */
export async function suspendThere(
  { name, suspended, yes }: { readonly name: string; readonly suspended: boolean; readonly yes: boolean },
  cluster: string,
  context: CliContext,
): Promise<number> {
  const { suspendClusterTenant } = await import("../../workflows/cluster/cluster-tenants.ts");
  const connected = await clusterOf(cluster, context);
  if (suspended) await confirm(`Suspend ${name} on ${connected.context}?`, yes, context, CLOSES);
  const asked = await suspendClusterTenant(name, suspended, connected, context.signal);
  context.terminal.err(
    `The operator carries it out: \`kubectl --context ${connected.context} get environments --all-namespaces\` shows how far it is.\n`,
  );
  return print([asked], true, context);
}

/** `tenant profile --context`: quotas and database users; pods are as many and as large as the site file says. */
export async function profileThere(
  name: string,
  { profile, bounds }: ReturnType<typeof profileFrom>,
  cluster: string,
  context: CliContext,
): Promise<number> {
  const { changeClusterProfile } = await import("../../workflows/cluster/cluster-tenants.ts");
  if (bounds !== undefined && (bounds.replicas ?? bounds.workers ?? bounds.memoryBytes) !== null)
    throw new HowdahError("usage/invalid", "--replicas, --workers and --memory are for this machine, not for --context", {
      hint: "On a cluster the site file says them; --connections, --statement-time and --disk are the tenant's.",
    });
  const wanted = { profile, ...(bounds === undefined ? {} : { bounds }) };
  return print([await changeClusterProfile(name, wanted, await clusterOf(cluster, context), context.signal)], true, context);
}

function print(tenants: readonly ClusterTenant[], single: boolean, context: CliContext): number {
  if (context.terminal.output === "json") context.terminal.out(`${JSON.stringify(single ? tenants[0] : tenants, null, 2)}\n`);
  else if (tenants.length === 0) context.terminal.out("The cluster has no tenant: `howdah tenant create NAME --context` makes one.\n");
  else {
    const rows = tenants.map(({ name, profile, suspended, namespaces, deleting, condition }) => [
      ...[name, profile ?? "own", namespaces.join(", "), deleting !== null ? "being deleted" : suspended ? "suspended" : "active"],
      condition === null ? "the operator has not looked yet" : `${condition.reason}: ${condition.message}`,
    ]);
    context.terminal.out(table([["TENANT", "PROFILE", "NAMESPACES", "STATE", "CONDITION"], ...rows]));
  }
  return 0;
}
