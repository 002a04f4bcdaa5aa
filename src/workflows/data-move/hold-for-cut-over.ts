import type { Engine } from "../../engine/engine.ts";
import type { KubernetesApi, ObjectName } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { LABEL_PREFIX } from "../../kernel/label.ts";
import type { EnvironmentSpec } from "../../resources/schema/environment.ts";
import { PRODUCTION } from "../cluster/cluster-place.ts";
import type { EngineContext } from "../ports.ts";

/** Annotation of an Environment whose site is held by a cut-over: what `spec.suspend` was before, so that a killed cut-over leaves it known. */
const HELD = `${LABEL_PREFIX}/data-held`;
/** Deleting a few objects takes no longer, and a person who stopped the command waits for it. */
const RELEASE_MS = 60_000;

/** A site's visitors, who are kept out while the last files are copied. */
export interface HeldSite {
  readonly api: Pick<KubernetesApi, "get" | "mergePatch">;
  readonly engine: Pick<Engine, "hold">;
  readonly namespace: string;
}

/**
 * Shows visitors a page while `work` goes on and lets them in again, whatever becomes of it. The operator is told to leave the environment alone
 * meanwhile (`spec.suspend`). Killed in the middle, the site stays held: the same command run again lets visitors in at its end. A namespace without
 * an Environment is nobody's to hold, which is said.
 */
export async function holdForCutOver<T>({ api, engine, namespace }: HeldSite, context: EngineContext, work: () => Promise<T>): Promise<T> {
  const name: ObjectName = { resource: resources.Environment, namespace, name: PRODUCTION };
  const environment = await api.get(name, context.signal).catch(() => undefined);
  if (environment === undefined) {
    const message = `${namespace} has no Environment: no operator runs its site, so visitors are not kept out`;
    context.emit({ type: "notice", level: "warning", message });
    return work();
  }
  const { suspend = false } = (environment["spec"] ?? {}) as Pick<EnvironmentSpec, "suspend">;
  const before = environment.metadata.annotations?.[HELD] ?? String(suspend);
  await api.mergePatch(name, { metadata: { annotations: { [HELD]: before } }, spec: { suspend: true } }, {}, context.signal);
  try {
    const page = { text: "We are moving. Back in a few minutes.", retryAfter: 60 };
    await engine.hold(namespace, { page, stop: [] }, context);
    context.emit({ type: "notice", level: "info", message: "Visitors see a page until both sides are the same" });
    return await work();
  } finally {
    const end = { emit: context.emit, signal: AbortSignal.timeout(RELEASE_MS) };
    await engine.hold(namespace, null, end);
    const spec = { suspend: before === "true" ? true : null };
    await api.mergePatch(name, { metadata: { annotations: { [HELD]: null } }, spec }, {}, end.signal);
  }
}
