import type { KubeObject } from "../kubernetes/kubernetes-api.ts";
import type { ObjectView } from "../kubernetes/object-store.ts";
import type { EnvironmentStatus } from "../resources/schema/environment.ts";
import { builtRelease } from "../workflows/cluster/release-resource.ts";
import { cronLoop } from "../workflows/crons/cron-loop.ts";
import { type PlannedCron, plannedCrons } from "../workflows/crons/planned-crons.ts";
import type { Log, OperatorPorts } from "./operator-ports.ts";
import { isPreview } from "./preview/preview-place.ts";
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
    crons: () => Promise.resolve(crons.read()),
    unsaid: crons.unsaid,
    log: ({ level, msg, ...values }) => {
      ports.log(level === "warning" ? "warn" : level, msg, values);
    },
    ...{ memory, signal, clock: ports.clock },
  });
}

/**
 * The crons of the releases that serve. A Release never changes: its crons are read once, and left out when they can't be: others' go on. While an
 * environment is there nothing is forgotten because of what is not known of it: a watch may be behind, a status may be written anew.
 */
function cronsOfServing(
  { Environment, Release }: WatchedSites,
  log: Log,
): { readonly read: () => readonly PlannedCron[]; readonly unsaid: () => ReadonlySet<string> } {
  let known = new Map<KubeObject, readonly PlannedCron[] | null>();
  let unsaid: ReadonlySet<string> = new Set();
  const read = (): readonly PlannedCron[] => {
    const now = new Map<KubeObject, readonly PlannedCron[] | null>();
    const silent = new Set<string>();
    for (const environment of Environment.objects.all()) {
      if (isPreview(environment)) continue; // its release is another namespace's; what runs has an Environment there
      const { namespace = "", deletionTimestamp } = environment.metadata;
      const { release: id } = statusOf<EnvironmentStatus>(environment);
      const release = id === undefined || deletionTimestamp !== undefined ? undefined : Release.objects.get(`${namespace}/${id}`);
      const before = release === undefined ? undefined : known.get(release);
      const crons = release === undefined ? null : before === undefined ? cronsOf(release, log) : before;
      if (release !== undefined) now.set(release, crons);
      if (crons === null) silent.add(namespace);
    }
    known = now;
    unsaid = silent;
    return [...now.values()].flatMap((crons) => crons ?? []);
  };
  return { read, unsaid: () => unsaid };
}

/** Null for a release that can't be read. */
function cronsOf(release: KubeObject, log: Log): readonly PlannedCron[] | null {
  try {
    return plannedCrons(builtRelease(release));
  } catch (error) {
    const { namespace, name } = release.metadata;
    log("warn", "crons can't be read", { namespace, release: name, error: error instanceof Error ? error.message : String(error) });
    return null;
  }
}
