import type { KubeObject } from "../kubernetes/kubernetes-api.ts";
import type { ObjectView } from "../kubernetes/object-store.ts";
import type { EnvironmentStatus } from "../resources/schema/environment.ts";
import { builtRelease } from "../workflows/cluster/release-resource.ts";
import { cronLoop } from "../workflows/crons/cron-loop.ts";
import { type PlannedCron, plannedCrons } from "../workflows/crons/planned-crons.ts";
import type { Log, OperatorPorts } from "./operator-ports.ts";
import { statusOf } from "./status.ts";

/** Of what the operator watches. */
interface WatchedSites {
  readonly Environment: { readonly objects: Pick<ObjectView, "all"> };
  readonly Release: { readonly objects: Pick<ObjectView, "get"> };
}

/**
 * The one scheduler of all crons, while this operator leads: what a machine's agent does, with each run as a Job. Which sites there are, what runs and
 * whether a site may run anything it knows from the watches (a start asks the server itself whether the site was stopped); only starts, ends and
 * what is remembered of them are requests.
 */
export function scheduleCrons(
  given: { readonly ports: OperatorPorts; readonly known: OperatorPorts; readonly reflectors: WatchedSites },
  signal: AbortSignal,
): Promise<void> {
  const { ports, known, reflectors } = given;
  const { engine, crons: memory } = ports.portsFor(ports.ownNamespace);
  const watched = known.portsFor(ports.ownNamespace).engine;
  const crons = cronsOfServing(reflectors, ports.log);
  return cronLoop({
    engine: {
      ensureAwake: (namespace, context) => watched.ensureAwake(namespace, context),
      jobs: { ...engine.jobs, list: (namespace) => watched.jobs.list(namespace) },
    },
    crons: () => Promise.resolve(crons()),
    log: ({ level, msg, ...values }) => {
      ports.log(level === "warning" ? "warn" : level, msg, values);
    },
    ...{ memory, signal, clock: ports.clock },
  });
}

/**
 * The crons of the releases that serve. A Release never changes: its crons are read once, and left out when they can't be: others' go on.
 */
function cronsOfServing({ Environment, Release }: WatchedSites, log: Log): () => readonly PlannedCron[] {
  let read = new Map<KubeObject, readonly PlannedCron[]>();
  return () => {
    const now = new Map<KubeObject, readonly PlannedCron[]>();
    for (const environment of Environment.objects.all()) {
      const { namespace = "", deletionTimestamp } = environment.metadata;
      const { release: id } = statusOf<EnvironmentStatus>(environment);
      const release = id === undefined || deletionTimestamp !== undefined ? undefined : Release.objects.get(`${namespace}/${id}`);
      if (release !== undefined) now.set(release, read.get(release) ?? cronsOf(release, log));
    }
    read = now;
    return [...now.values()].flat();
  };
}

function cronsOf(release: KubeObject, log: Log): readonly PlannedCron[] {
  try {
    return plannedCrons(builtRelease(release));
  } catch (error) {
    const { namespace, name } = release.metadata;
    log("warn", "crons can't be read", { namespace, release: name, error: error instanceof Error ? error.message : String(error) });
    return [];
  }
}
