import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject, ObjectName } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { keepDatabases } from "../../workflows/cluster/kept-databases.ts";
import type { Ports } from "../../workflows/ports.ts";
import type { OperatorPorts, Outcome } from "../operator-ports.ts";

/** One look at an environment. */
export interface Look {
  readonly object: KubeObject;
  readonly namespace: string;
  readonly ports: OperatorPorts;
  readonly signal: AbortSignal;
}

/** Takes what serves away before an environment goes; its volumes, secrets, database and releases stay. */
const ENVIRONMENT_FINALIZER = "howdah.dev/take-down";

/** Makes an environment wait for `takeDown` when it is deleted. */
export async function holdForTakeDown({ object, ports, signal }: Look): Promise<void> {
  const { name, namespace, finalizers = [], resourceVersion } = object.metadata;
  if (finalizers.includes(ENVIRONMENT_FINALIZER)) return;
  const metadata = { resourceVersion, finalizers: [...finalizers, ENVIRONMENT_FINALIZER] };
  await ports.api.mergePatch({ resource: resources.Environment, namespace, name }, { metadata }, {}, signal);
}

/** Ends what an environment that is being deleted serves with, and lets it go. Called again after it was cut off it goes on. */
export async function takeDown({ object, namespace, ports, signal }: Look): Promise<Outcome> {
  const { name, finalizers = [] } = object.metadata;
  if (!finalizers.includes(ENVIRONMENT_FINALIZER)) return {};
  const there = ports.portsFor(namespace);
  const isGoing = await isTerminating(namespace, ports, signal);
  if (!isGoing) await there.locks.hold(namespace, "take down", () => there.engine.remove(namespace, { emit: () => undefined, signal }));
  await keepItsDatabases(namespace, isGoing, there, ports);
  const place: ObjectName = { resource: resources.Environment, namespace, name };
  const current = await ports.api.get(place, signal);
  if (current === undefined) return {};
  const metadata = {
    resourceVersion: current.metadata.resourceVersion,
    finalizers: (current.metadata.finalizers ?? []).filter((one) => one !== ENVIRONMENT_FINALIZER),
  };
  await ports.api.mergePatch(place, { metadata }, {}, signal);
  ports.log("info", "environment taken down, its data stays", { namespace });
  return {};
}

/** Whether somebody deletes the namespace: nothing can be written into it any more. */
async function isTerminating(namespace: string, { api }: OperatorPorts, signal: AbortSignal): Promise<boolean> {
  const found = await api.get({ resource: resources.Namespace, namespace: undefined, name: namespace }, signal);
  return found?.metadata.deletionTimestamp !== undefined;
}

/**
 * A namespace that a person deletes takes everything along, but its database lies elsewhere. It is written down whenever an environment goes: the
 * namespace may be deleted later, when nobody knows any more. A server that is away must not keep an environment: its database stays until a person
 * drops it.
 */
async function keepItsDatabases(namespace: string, isGoing: boolean, there: Ports, { log }: OperatorPorts): Promise<void> {
  const stays = (words: object): void => {
    log("warn", "a database could not be written down: it stays until a person drops it", { namespace, ...words });
  };
  try {
    const until = await keepDatabases(namespace, isGoing, there, (server, { code, message }) => stays({ server, code, error: message }));
    if (until !== null) log("info", "the database of a deleted namespace is kept for a while", { namespace, until });
  } catch (error) {
    if (!(error instanceof HowdahError)) throw error;
    stays({ code: error.code, error: error.message });
  }
}
