import { HowdahError } from "../../kernel/howdah-error.ts";
import type { DatasetPlace } from "../../workflows/cluster/cluster-datasets.ts";
import type { ClusterDatasets } from "../../workflows/dataset/dataset-document-kinds.ts";
import type { ShownPorts } from "../../workflows/dataset/show-datasets.ts";
import type { Ports } from "../../workflows/ports.ts";
import { confirm } from "../ask-first.ts";
import type { CliContext } from "../context.ts";
import { datasetTable, generationWords, reportWords } from "../report/print-datasets.ts";
import { type ClusterFlags, placeOf, siteWhereItRuns } from "./cluster-options.ts";
import { clusterOf } from "./tenant-there.ts";
import { withReporter } from "./with-reporter.ts";

/** Which site of which cluster a dataset verb is about. */
export interface DatasetMeant {
  readonly given: string | undefined;
  readonly flags: ClusterFlags;
  readonly chosen: { readonly name: string | undefined };
}

/** Documents of a namespace, as showing them takes them: whether a breed lives the operator knows, and it ends those that don't. */
function documentsIn(ports: Ports): ShownPorts & { readonly datasets: ClusterDatasets } {
  const { clusterDatasets: datasets } = ports;
  if (datasets === undefined) throw new TypeError("ports of a cluster have documents of datasets");
  return { datasets, machine: { isProcessAlive: () => Promise.resolve(true) } };
}

async function placeFor({ given, flags, chosen }: DatasetMeant, context: CliContext) {
  const ports = await context.ports();
  const { cluster, namespace } = await placeOf(flags, chosen, given, ports, context);
  return { cluster, namespace, there: documentsIn(await ports.clusters.ports(cluster, namespace)) };
}

/** The Dataset has the name of the site that serves there. */
async function servingPlace(
  meant: DatasetMeant,
  context: CliContext,
): Promise<DatasetPlace & { readonly there: ReturnType<typeof documentsIn> }> {
  const { cluster, namespace, there } = await placeFor(meant, context);
  const { record } = await siteWhereItRuns(meant.given, meant.flags, context);
  return { cluster, namespace, there, name: record.site.name };
}

/** `dataset breed --context`: the operator does it. */
export async function breedDatasetThere(meant: DatasetMeant, context: CliContext): Promise<number> {
  const { breedThere } = await import("../../workflows/cluster/cluster-datasets.ts");
  const place = await servingPlace(meant, context);
  return await withReporter(context, async ({ clock }, engine) => {
    const asked = new Date(clock.now()).toISOString();
    const generation = await breedThere(place, asked, { clock, datasets: place.there.datasets }, engine);
    return answer(context, generation, generationWords({ generation, holders: [] }));
  });
}

/** `dataset ls --context`: of one site, or of all that may be read. */
export async function listDatasetsThere(meant: DatasetMeant, all: boolean, context: CliContext): Promise<number> {
  const { datasetNamespaces } = await import("../../workflows/cluster/cluster-datasets.ts");
  const { showDatasets } = await import("../../workflows/dataset/show-datasets.ts");
  const ports = await context.ports();
  const { given, flags, chosen } = meant;
  const one = given === undefined ? undefined : await placeOf(flags, chosen, given, ports, context);
  const cluster = one?.cluster ?? (await clusterOf(chosen.name ?? ".", context));
  const found = await datasetNamespaces(cluster, one?.namespace ?? flags.namespace, context.signal);
  const known = [];
  for (const namespace of new Set(found.map((dataset) => dataset.namespace)))
    known.push(...(await showDatasets(namespace, documentsIn(await ports.clusters.ports(cluster, namespace)))));
  const shown = known.filter(({ generation }) => all || generation.state !== "reaped");
  const failed = found.flatMap(({ namespace, status }) =>
    status.failed === undefined ? [] : [`! ${namespace}: ${status.failed.message}\n`],
  );
  return answer(
    context,
    shown.map(({ generation, holders }) => ({ ...generation, holders })),
    `${datasetTable(shown)}${failed.join("")}`,
  );
}

/** `dataset show --context`. */
export async function showDatasetThere(meant: DatasetMeant, id: string | undefined, context: CliContext): Promise<number> {
  const { requireGeneration } = await import("../../workflows/dataset/show-datasets.ts");
  const { holdersOf } = await import("../../workflows/dataset/generation.ts");
  const { namespace, there } = await placeFor(meant, context);
  const generation = await requireGeneration(namespace, id, there);
  const holders = await holdersOf(generation, there.datasets);
  return answer(context, { ...generation, holders }, generationWords({ generation, holders }));
}

/** `dataset report --context`. */
export async function reportDatasetThere(meant: DatasetMeant, id: string | undefined, context: CliContext): Promise<number> {
  const { requireReport } = await import("../../workflows/dataset/show-datasets.ts");
  const { namespace, there } = await placeFor(meant, context);
  const found = await requireReport(namespace, id, there);
  return answer(context, found, reportWords(found));
}

/** `dataset delete --context`: the operator does it. */
export async function deleteDatasetsThere(
  meant: DatasetMeant,
  { ids, yes }: { readonly ids: readonly string[] | "all"; readonly yes: boolean },
  context: CliContext,
): Promise<number> {
  const { datasetNamespaces, deleteThere } = await import("../../workflows/cluster/cluster-datasets.ts");
  const { holdersOf } = await import("../../workflows/dataset/generation.ts");
  const { cluster, namespace, there } = await placeFor(meant, context);
  const [dataset] = await datasetNamespaces(cluster, namespace, context.signal);
  if (dataset === undefined) throw new HowdahError("dataset/none", `${namespace} on ${cluster.context} has no Dataset`);
  const wrong = ids === "all" ? undefined : ids.find((id) => !/^g[1-9]\d*$/.test(id));
  if (wrong !== undefined) throw new HowdahError("usage/invalid", `${JSON.stringify(wrong)} is no generation, as g3 is one`);
  const what = ids === "all" ? "all datasets" : ids.join(", ");
  await confirm(`Delete ${what} of ${namespace} on ${cluster.context} for good?`, yes, context);
  return await withReporter(context, async ({ clock }, engine) => {
    const wanted = { ids, asked: new Date(clock.now()).toISOString() };
    const done = await deleteThere({ cluster, namespace, name: dataset.name }, wanted, { clock }, engine);
    if (ids !== "all" && done.message !== undefined) throw new HowdahError("dataset/in-use", done.message);
    const left = (await there.datasets.generations.list()).filter(({ state }) => state === "current" || state === "draining");
    const held = [];
    for (const one of left) held.push({ generation: one.id, by: await holdersOf(one, there.datasets) });
    const kept = held.filter(({ by }) => ids === "all" && by.length > 0);
    const gone = done.generations.length === 0 ? "Nothing was deleted.\n" : `Deleted: ${done.generations.join(", ")}.\n`;
    const words = kept.map(({ generation, by }) => `${generation} stays: ${by.join(", ")} use it\n`).join("");
    return answer(context, { deleted: done.generations, held: kept }, `${gone}${words}`);
  });
}

/** `dataset schedule --context`: what one machine answers, from the Dataset; undefined as `change` only asks. */
export async function schedulesThere(meant: DatasetMeant, change: { readonly schedule: string } | "off" | undefined, context: CliContext) {
  const { datasetNamespaces, scheduleOf, scheduleThere } = await import("../../workflows/cluster/cluster-datasets.ts");
  const { clock } = await context.ports();
  if (meant.given === undefined && meant.flags.namespace === undefined) {
    const cluster = await clusterOf(meant.chosen.name ?? ".", context);
    const all = await datasetNamespaces(cluster, undefined, context.signal);
    return { all: all.flatMap((one) => scheduleOf(one) ?? []) };
  }
  const place = await servingPlace(meant, context);
  return { namespace: place.namespace, set: await scheduleThere(place, change, { clock }, context.signal) };
}

function answer(context: CliContext, found: unknown, words: string): number {
  context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(found, null, 2)}\n` : words);
  return 0;
}
