import { confirm } from "../ask-first.ts";
import type { CliContext } from "../context.ts";
import { type ClusterFlags, placeOf } from "./cluster-options.ts";
import { withReporter } from "./with-reporter.ts";

interface DestroyFlags extends ClusterFlags {
  readonly yes: boolean;
}

type Chosen = { readonly name: string | undefined };

const listed = (lines: readonly string[]): string => lines.map((line) => `  ${line}\n`).join("");

/** `howdah destroy --context`: the Site goes, what it has of data stays in its namespace. */
export async function destroyThere(given: string, flags: DestroyFlags, chosen: Chosen, context: CliContext): Promise<number> {
  const { destroyOnCluster, planClusterDestroy } = await import("../../workflows/cluster/destroy-on-cluster.ts");
  const ports = await context.ports();
  const place = await placeOf(flags, chosen, given, ports, context);
  const { cluster, namespace } = place;
  const plan = await planClusterDestroy(place, given, await ports.clusters.ports(cluster, namespace), context.signal);
  const { deletes, keeps } = plan;
  context.terminal.err(`Deletes:\n${listed(deletes)}Keeps in the namespace ${namespace}:\n${listed(keeps)}`);
  await confirm(`Destroy ${given} in ${namespace} of ${cluster.context}?`, flags.yes, context);
  await withReporter(context, (own, engine) => destroyOnCluster(plan, own, engine));
  const where = `--context ${chosen.name ?? "."} --namespace ${namespace}`;
  context.terminal.out(
    context.flags.output === "json"
      ? `${JSON.stringify({ name: given, namespace, deletes, keeps })}\n`
      : `${given} is gone. Its data is kept: \`howdah deploy ${where}\` has it back, \`howdah destroy ${given} ${where} --purge\` deletes it.\n`,
  );
  return 0;
}

/** `howdah destroy --context --purge`: what is left of it goes, too. */
export async function purgeThere(given: string, flags: DestroyFlags, chosen: Chosen, context: CliContext): Promise<number> {
  const { planClusterPurge, purgeOnCluster } = await import("../../workflows/cluster/purge-on-cluster.ts");
  const ports = await context.ports();
  const place = await placeOf(flags, chosen, given, ports, context);
  const { cluster, namespace } = place;
  const there = await ports.clusters.ports(cluster, namespace);
  const plan = await planClusterPurge(place, there, context.signal);
  const deletes = [
    ...plan.volumes.map((volume) => `volume ${volume}`),
    ...plan.databases.map(({ server, name }) => `database ${name} of ${server}, with its user and dumps`),
    ...(plan.inNamespace ? ["releases and generated secrets"] : []),
  ];
  context.terminal.err(`Deletes for good:\n${listed(deletes)}`);
  await confirm(`Delete the data of ${namespace} in ${cluster.context} for good?`, flags.yes, context);
  await withReporter(context, (_own, engine) => purgeOnCluster(plan, there, engine));
  context.terminal.out(
    context.flags.output === "json"
      ? `${JSON.stringify({ name: given, namespace, purged: true, deletes })}\n`
      : `The data of ${namespace} is deleted.\n`,
  );
  return 0;
}
