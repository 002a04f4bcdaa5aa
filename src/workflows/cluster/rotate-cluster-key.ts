import { HowdahError } from "../../kernel/howdah-error.ts";
import { FINISH_KEY_ANNOTATION, ROTATE_KEY_ANNOTATION } from "../../kernel/label.ts";
import type { ConnectedCluster } from "../../kubernetes/create-kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { TenantStatus } from "../../resources/schema/tenant.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { clusterTenant } from "./cluster-tenants.ts";

const POLL_MS = 500;
/** An operator that runs has looked within this. */
const NOBODY_MS = 60_000;

type Keys = NonNullable<TenantStatus["keys"]>;

/** What is to become of a tenant's keys. */
export interface KeyWish {
  /** The former key is valid no longer; else another one signs. */
  readonly finish: boolean;
  /** Any word that was not said before: the same asks for nothing new. */
  readonly word: string;
}

/**
 * Asks a cluster's operator for another key pair of a tenant, or for the end of the former one, and waits until the pods of every site have it. Stopping to
 * wait stops nothing. Answers the key that signs. Errors: `usage/invalid` for a third key, `tenant/suspended`, `cluster/not-installed` when nobody looks.
 */
export async function rotateClusterKey(
  name: string,
  { finish, word }: KeyWish,
  cluster: Pick<ConnectedCluster, "api" | "context">,
  { ports, context }: { readonly ports: Pick<Ports, "clock">; readonly context: EngineContext },
): Promise<{ readonly keyId: string }> {
  const { api } = cluster;
  const place = { resource: resources.Tenant, namespace: undefined, name };
  await requireTurn(name, finish, cluster, context.signal);
  const annotation = finish ? FINISH_KEY_ANNOTATION : ROTATE_KEY_ANNOTATION;
  await api.mergePatch(place, { metadata: { annotations: { [annotation]: word } } }, {}, context.signal);
  const [id, began] = ["tenant/keys", ports.clock.now()];
  context.emit({ type: "task-started", id, title: `keys of ${name} on ${cluster.context}` });
  for (let said = ""; ; ) {
    const keys = keysIn(await api.get(place, context.signal));
    const taken = keys?.asked?.[finish ? "finish" : "rotate"] === word;
    if (keys !== undefined && taken && keys.state === (finish ? "one" : "both") && keys.waitsFor === undefined) {
      context.emit({ type: "task-done", id, outcome: "changed" });
      return { keyId: keys.id };
    }
    const words = keys?.waitsFor === undefined ? "" : `pods of ${keys.waitsFor.join(", ")} are given the keys`;
    if (words !== "" && words !== said) context.emit({ type: "notice", level: "info", message: words });
    said = words;
    if (!taken && keys?.waitsFor === undefined && ports.clock.now() - began > NOBODY_MS) throw nobodyLooks(cluster.context);
    await ports.clock.sleep(POLL_MS, context.signal);
  }
}

function keysIn(tenant: Readonly<Record<string, unknown>> | undefined): Keys | undefined {
  return (tenant?.["status"] as Partial<TenantStatus> | undefined)?.keys;
}

async function requireTurn(
  name: string,
  finish: boolean,
  cluster: Pick<ConnectedCluster, "api" | "context">,
  signal: AbortSignal,
): Promise<void> {
  const { context } = cluster;
  const tenant = await clusterTenant(name, cluster, signal);
  if (tenant.suspended || tenant.deleting !== null)
    throw new HowdahError("tenant/suspended", `The tenant ${name} of ${context} is ${tenant.suspended ? "suspended" : "being deleted"}`, {
      hint: `\`howdah tenant resume ${name} --context ${context}\` first.`,
    });
  const keys = keysIn(await cluster.api.get({ resource: resources.Tenant, namespace: undefined, name }, signal));
  if (!finish && keys?.state === "both")
    throw new HowdahError("usage/invalid", `The former key of ${name} is still valid, and a third one would make it invalid at once`, {
      hint: `When nothing that it signed is in use: \`howdah tenant rotate-key ${name} --finish --context ${context}\`.`,
    });
  if (finish && keys?.state === "one")
    throw new HowdahError("usage/invalid", `${name} has one key only`, {
      hint: `\`howdah tenant rotate-key ${name} --context ${context}\` makes another.`,
    });
}

function nobodyLooks(context: string): HowdahError {
  return new HowdahError("cluster/not-installed", "The operator does not look at the Tenant", {
    hint: `Does it run? \`kubectl --context ${context} --namespace howdah-system get pods\`.`,
  });
}
