import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import type { EngineContext } from "../engine.ts";
import type { Cluster } from "./cluster.ts";
import { LOOK_MS } from "./judge-pods.ts";
import { nameOf } from "./own-objects.ts";
import { outlast } from "./outlast.ts";
import type { KubeCondition } from "./views.ts";

/** So long a Gateway may take to say what it thinks of a route; most do in one or two seconds. */
const TAKEN_MS = 20_000;

interface RouteStatus {
  readonly parents?: readonly { readonly conditions?: readonly (KubeCondition & { readonly observedGeneration?: number })[] }[];
}

/**
 * Waits until the Gateways of an HTTPRoute have taken it. Its own words are the only ones that say why visitors get 404: a hostname that the
 * listener does not serve, a namespace that it does not let in. Error: `config/rejected` with them. That no Gateway says anything is told as a
 * warning: it may come later.
 */
export async function awaitRoute(cluster: Cluster, route: KubeObject, { emit, signal }: EngineContext): Promise<void> {
  const until = cluster.clock.now() + TAKEN_MS;
  for (;;) {
    const live = await outlast(cluster, () => cluster.api.get(nameOf(route), signal), signal);
    const verdict = verdictOn(live);
    if (verdict === "taken" || live === undefined) return;
    if (verdict !== undefined)
      throw new HowdahError("config/rejected", `The Gateway does not take the route ${route.metadata.name}: ${verdict}`, {
        hint: "Which hostnames and namespaces a Gateway takes is said by its listeners: `kubectl describe gateway --all-namespaces`.",
      });
    if (cluster.clock.now() >= until) {
      const message = `No Gateway has taken the route ${route.metadata.name} yet: visitors get in when one does`;
      return emit({ type: "notice", level: "warning", message });
    }
    await cluster.clock.sleep(LOOK_MS, signal);
  }
}

/** `taken`, the words of a refusal, or undefined when nobody has looked at the route as it is now. */
function verdictOn(route: KubeObject | undefined): string | undefined {
  const { parents = [] } = (route?.["status"] ?? {}) as RouteStatus;
  const accepted = parents.map(({ conditions }) =>
    conditions?.find(({ type, observedGeneration = 0 }) => type === "Accepted" && observedGeneration >= (route?.metadata.generation ?? 0)),
  );
  const refused = accepted.find((one) => one?.status === "False");
  if (refused !== undefined) return [refused.reason, refused.message].filter((part) => part !== undefined && part !== "").join(": ");
  return accepted.length > 0 && accepted.every((one) => one?.status === "True") ? "taken" : undefined;
}
