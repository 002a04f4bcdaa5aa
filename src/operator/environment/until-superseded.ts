import { setImmediate as turn } from "node:timers/promises";
import { RETRY_ANNOTATION } from "../../kernel/label.ts";
import { resources } from "../../kubernetes/resources.ts";
import { type EnvironmentStatus, environmentSpec } from "../../resources/schema/environment.ts";
import type { OperatorPorts } from "../operator-ports.ts";
import { statusOf } from "../status.ts";
import { decideEnvironment } from "./decide-environment.ts";

/** How often it is looked whether what waits is still wanted, in milliseconds. */
const LOOK_MS = 5000;

/** Steps of a rollout at which it only waits for pods: giving it up there leaves nothing half done, as a migration cut off would be. */
const WAITS: ReadonlySet<string> = new Set(["start", "ask", "switch"]);

/** Where an Environment is, and what is done there. */
interface Place {
  readonly namespace: string;
  readonly name: string;
  /** The release that is taken into service, and the step of that now. */
  readonly rollout: () => { readonly release: string; readonly step: string } | undefined;
}

/**
 * Waits until a person wants another release than the one that is taken into service, or takes the environment away, or until the signal. A release may
 * wait for room for as long as its `rollout.timeout` says: whoever has read why, and wants a smaller one, does not wait for that. While nobody can say
 * what is wanted (the API server is away), and at steps that are not only waiting, it goes on.
 */
export async function untilSuperseded(
  place: Place,
  ports: Pick<OperatorPorts, "api" | "clock">,
  signal: AbortSignal,
): Promise<"superseded" | "over"> {
  while (!signal.aborted) {
    await ports.clock.sleep(LOOK_MS, signal).catch(() => undefined);
    await turn(); // clocks of tests don't wait
    const { release, step } = place.rollout() ?? { release: "", step: "" };
    if (signal.aborted || !WAITS.has(step)) continue;
    if ((await wantedNow(place, ports, signal).catch(() => release)) !== release && WAITS.has(place.rollout()?.step ?? ""))
      return "superseded";
  }
  return "over";
}

async function wantedNow(
  { namespace, name }: Place,
  { api }: Pick<OperatorPorts, "api">,
  signal: AbortSignal,
): Promise<string | undefined> {
  const [object, { items: releases }] = await Promise.all([
    api.get({ resource: resources.Environment, namespace, name }, signal),
    api.list(resources.Release, { namespace }, signal),
  ]);
  if (object === undefined || object.metadata.deletionTimestamp !== undefined) return undefined;
  const status = statusOf<EnvironmentStatus>(object);
  const retry = object.metadata.annotations?.[RETRY_ANNOTATION];
  const decision = decideEnvironment({ spec: environmentSpec.parse(object["spec"]), status, retry, releases });
  return decision.do === "serve" ? decision.release.metadata.name : undefined;
}
