import { HowdahError } from "../../kernel/howdah-error.ts";
import type { FoundEnvironment } from "../../workflows/cluster/cluster-environments.ts";
import type { ClusterPlace } from "../../workflows/cluster/cluster-place.ts";
import type { ResetTarget } from "../../workflows/environment/reset-environment.ts";
import type { CreateRequest } from "../../workflows/environment/create-environment.ts";
import type { EngineContext, Ports, SiteRecord } from "../../workflows/ports.ts";
import { confirm } from "../ask-first.ts";
import type { CliContext } from "../context.ts";
import { printDeleted, printEnvironment, printEnvironments, printExtended, printMade, printOpened } from "../report/print-environments.ts";
import { secondsFrom } from "../seconds-from.ts";
import { type ClusterFlags, placeOf } from "./cluster-options.ts";
import { clusterOf } from "./tenant-there.ts";
import { withReporter } from "./with-reporter.ts";

/** Which cluster, as `contextOf` read it. */
type Chosen = { readonly name: string | undefined };

/** How a command names an environment. */
export interface MeantThere {
  readonly name: string;
  /** Its site; undefined: whichever has one of that name. */
  readonly given: string | undefined;
  readonly flags: ClusterFlags;
  readonly chosen: Chosen;
}

type Cluster = ClusterPlace["cluster"];

async function clusterWith(
  { given, flags, chosen }: Omit<MeantThere, "name">,
  context: CliContext,
): Promise<{ readonly cluster: Cluster; readonly namespace: string | undefined }> {
  if (given !== undefined) return await placeOf(flags, chosen, given, await context.ports(), context);
  return { cluster: await clusterOf(chosen.name ?? ".", context), namespace: flags.namespace };
}

async function find(meant: MeantThere, context: CliContext): Promise<{ readonly cluster: Cluster; readonly found: FoundEnvironment }> {
  const { requireClusterEnvironment } = await import("../../workflows/cluster/cluster-environments.ts");
  const { cluster, namespace } = await clusterWith(meant, context);
  return { cluster, found: await requireClusterEnvironment(meant.name, namespace, cluster, context.signal) };
}

/** What can't be asked for on a cluster, by its flag. */
export interface OfOneMachine {
  readonly fromBranch?: string;
  readonly commit?: string;
  readonly checkout?: string;
  readonly idle?: string;
}

function refuseHere({
  given,
  chosen,
  flags: { fromBranch, commit, checkout, idle },
}: Pick<MeantThere, "given" | "chosen"> & { readonly flags: OfOneMachine }): void {
  if (fromBranch !== undefined || commit !== undefined || checkout !== undefined)
    throw new HowdahError("usage/invalid", "On a cluster an environment runs the images of a release, not a branch or commit", {
      hint: `In its checkout a branch gets a namespace of its own: \`howdah deploy --context ${chosen.name ?? "."} --namespace ${given ?? "SITE"}-BRANCH\`.`,
    });
  if (idle !== undefined)
    throw new HowdahError("usage/invalid", "--idle is for environments of this machine: on a cluster they stay awake");
}

/** `env create --context`. `requestOf` reads the flags, once the site is known. */
export async function createThere(
  { given, flags, chosen }: Omit<MeantThere, "name"> & { readonly flags: ClusterFlags & OfOneMachine },
  requestOf: (production: SiteRecord) => Promise<CreateRequest>,
  context: CliContext,
): Promise<number> {
  refuseHere({ given, flags, chosen });
  const { createClusterEnvironment } = await import("../../workflows/cluster/create-cluster-environment.ts");
  return await withReporter(context, async (ports, engine) => {
    const began = ports.clock.now();
    const place = await placeOf(flags, chosen, given, ports, context);
    const { cluster, namespace } = place;
    const production = await (await ports.clusters.ports(cluster, namespace)).records.get(namespace);
    if (production === undefined)
      throw new HowdahError("site/unknown", `No site serves in the namespace ${namespace} of the cluster ${cluster.context}`, {
        hint: `\`howdah status --context ${cluster.context}\` lists all.`,
      });
    const request = await requestOf(production);
    const found = await createClusterEnvironment(place, production, request, ports, engine);
    return await printThere(found, { cluster, began, isNew: request.data.kind === "fresh" }, ports, context);
  });
}

interface Making {
  readonly cluster: Cluster;
  readonly began: number;
  /** Its install hook has just made an administrator. */
  readonly isNew: boolean;
}

async function printThere(found: FoundEnvironment, { cluster, began, isNew }: Making, ports: Ports, context: CliContext): Promise<number> {
  const { listedEnvironment } = await import("../../workflows/cluster/cluster-environments.ts");
  const answeringMs = ports.clock.now() - began;
  const environment = listedEnvironment(found, ports.clock.now());
  const release = found.status.release ?? null;
  const made = { environment, release, released: true, answeringMs, timings: [], health: null, on: cluster.context };
  return printMade({ ...made, record: { url: environment.url ?? "" }, credentials: await credentials() }, context);

  async function credentials() {
    const { credentialsOf } = await import("../../workflows/up/credentials-of.ts");
    if (!isNew || found.status.namespace === undefined) return null;
    const there = await ports.clusters.ports(cluster, found.namespace);
    const record = await there.records.get(found.namespace);
    return record === undefined ? null : await credentialsOf(record.site, true, there);
  }
}

/** `env ls --context`. */
export async function listThere(meant: Omit<MeantThere, "name">, context: CliContext): Promise<number> {
  const { clusterEnvironments, listedEnvironment } = await import("../../workflows/cluster/cluster-environments.ts");
  const { cluster, namespace } = await clusterWith(meant, context);
  const now = (await context.ports()).clock.now();
  const found = await clusterEnvironments(cluster, namespace, context.signal);
  printEnvironments(
    found.map((one) => listedEnvironment(one, now)),
    context,
    now,
  );
  return 0;
}

/** `env show --context` and `env open --context`. */
export async function showThere(meant: MeantThere, verb: "show" | "open", context: CliContext): Promise<number> {
  const { showClusterEnvironment } = await import("../../workflows/cluster/cluster-environments.ts");
  const { cluster, found } = await find(meant, context);
  const ports = await context.ports();
  const now = ports.clock.now();
  const shown = await showClusterEnvironment(found, await ports.clusters.ports(cluster, found.namespace), now);
  if (verb === "open") printOpened(shown, context);
  else printEnvironment(shown, context, now);
  return 0;
}

/** `env reset --context` and `env sync --context`. */
export async function resetThere(
  meant: MeantThere,
  target: ResetTarget & { readonly yes: boolean; readonly wait: string },
  context: CliContext,
): Promise<number> {
  const { resetClusterEnvironment } = await import("../../workflows/cluster/change-cluster-environment.ts");
  const { cluster, found } = await find(meant, context);
  await confirm(`Throw away what was changed in ${found.namespace} of ${cluster.context}?`, target.yes, context);
  return await withReporter(context, async (ports, engine: EngineContext) => {
    const began = ports.clock.now();
    // What began empty, or as a copy of another, has no other generation to go to, unless somebody names one.
    const generation = target.newestRelease && !("dataset" in found.spec.data) ? null : target.generation;
    const wanted = { generation, newestRelease: target.newestRelease, patienceMs: secondsFrom(target.wait, "--wait") * 1000 };
    const done = await resetClusterEnvironment(found, wanted, cluster, ports, engine);
    return await printThere(done, { cluster, began, isNew: "fresh" in done.spec.data }, ports, context);
  });
}

/** `env extend --context`. */
export async function extendThere(meant: MeantThere, ttl: string, context: CliContext): Promise<number> {
  const { extendClusterEnvironment } = await import("../../workflows/cluster/change-cluster-environment.ts");
  const { cluster, found } = await find(meant, context);
  printExtended(found.namespace, await extendClusterEnvironment(found, ttl, cluster, await context.ports(), context.signal), context);
  return 0;
}

/** `env delete --context`. `isAbsent`: which errors mean that there is none, which is no error here. */
export async function deleteThere(
  meant: MeantThere,
  { yes, isAbsent }: { readonly yes: boolean; readonly isAbsent: (error: unknown) => boolean },
  context: CliContext,
): Promise<number> {
  const { deleteClusterEnvironment } = await import("../../workflows/cluster/change-cluster-environment.ts");
  const there = await find(meant, context).catch((error: unknown) => {
    if (isAbsent(error)) return undefined;
    throw error;
  });
  if (there === undefined) return printDeleted(meant.name, false, context);
  const { cluster, found } = there;
  await confirm(`Delete ${found.namespace} of ${cluster.context} with its database and files?`, yes, context);
  await withReporter(context, (ports, engine) => deleteClusterEnvironment(found, cluster, ports, engine));
  return printDeleted(found.namespace, true, context);
}
