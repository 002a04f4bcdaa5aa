import { parseJson } from "../../kernel/parse-json.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import type { Breeding } from "./dataset-look.ts";

/** How a breed's Job ended, from what its pod said. A Job that says nothing has published nothing that the documents do not know. */
export function breedOutcome(
  end: { readonly ok: boolean; readonly why: string },
  pod: KubeObject | undefined,
): NonNullable<Breeding["ended"]> {
  const { containerStatuses = [] } = (pod?.["status"] ?? {}) as {
    readonly containerStatuses?: readonly {
      readonly state?: { readonly terminated?: { readonly exitCode: number; readonly reason?: string; readonly message?: string } };
    }[];
  };
  const ended = containerStatuses.map(({ state }) => state?.terminated).find((one) => one !== undefined);
  const said = (ended?.message?.startsWith("{") === true ? parseJson(ended.message) : undefined) as Said | undefined;
  if (end.ok && typeof said?.generation === "string") return { generation: said.generation };
  if (end.ok) return { code: "dataset/failed", message: "Its Job ended and did not say what it did" };
  if (typeof said?.failed?.code === "string") return { code: said.failed.code, message: String(said.failed.message) };
  if (ended?.reason === "OOMKilled") return { code: "dataset/failed", message: "It took more memory than it may" };
  const line = (ended?.message ?? "").split("\n").findLast((one) => one.trim() !== "");
  return { code: "dataset/failed", message: line === undefined ? `Its Job was ended: ${end.why}` : `It failed: ${line.slice(0, 500)}` };
}

interface Said {
  readonly generation?: unknown;
  readonly failed?: { readonly code?: unknown; readonly message?: unknown };
}
