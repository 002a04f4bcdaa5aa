import type { HowdahError } from "../kernel/howdah-error.ts";
import type { KubeObject, KubernetesApi } from "../kubernetes/kubernetes-api.ts";
import { resourceOf } from "../kubernetes/resources.ts";

/** Makes what a Job needs, and the Job itself: created, so that of several who plan the same one only one makes it. Errors: `cluster/*`. */
export async function makePlanned(
  planned: readonly KubeObject[],
  api: Pick<KubernetesApi, "apply" | "create">,
  signal: AbortSignal,
): Promise<void> {
  for (const one of planned) {
    const resource = resourceOf(one);
    if (resource === undefined) throw new TypeError(`no kind: ${one.kind}`);
    if (one.kind === "Job") await api.create(resource, one, signal);
    else await api.apply(resource, one, {}, signal);
  }
}

const AGAIN = /^cluster\/(?!forbidden|rejected|not-installed|namespace-taken)/;

/** What the API server did not answer is tried again; the rest would be the same again. */
export function isWorthAnotherTry({ code }: Pick<HowdahError, "code">): boolean {
  return AGAIN.test(code);
}
