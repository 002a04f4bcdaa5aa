import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";

/** Of a cluster without snapshots there are none: `catch` of a list. Every other error goes on. */
export function unlessUnknown(error: unknown): { readonly items: readonly KubeObject[] } {
  if (error instanceof HowdahError && error.code === "cluster/not-installed") return { items: [] };
  throw error;
}
