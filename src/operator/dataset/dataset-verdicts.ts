import type { DatasetStatus } from "../../resources/schema/dataset.ts";
import type { Verdict } from "../status.ts";

type Judged = Pick<Partial<DatasetStatus>, "generation" | "breeding" | "failed">;

/** What a Dataset's status means. Pure: it is ready while environments can be made of it, whatever became of the last breed, which is told beside. */
export function datasetVerdicts({ generation, breeding, failed }: Judged): readonly Verdict[] {
  return [
    ready(generation, failed),
    ...(breeding === undefined ? [] : [underWay(breeding)]),
    ...(failed === undefined || breeding !== undefined ? [] : [stalled(failed)]),
  ];
}

function ready(generation: string | undefined, failed: Judged["failed"]): Verdict {
  if (generation !== undefined)
    return { type: "Ready", status: "True", reason: "Published", message: `New environments get ${generation}` };
  if (failed !== undefined) return { type: "Ready", status: "False", reason: failed.reason, message: failed.message };
  const message = "No dataset is published yet: the annotation howdah.dev/breed with any new value asks for one";
  return { type: "Ready", status: "False", reason: "NotYet", message };
}

function underWay({ generation, step, ended }: NonNullable<Judged["breeding"]>): Verdict {
  if (ended !== undefined)
    return { type: "Reconciling", status: "True", reason: "ClearingAway", message: "What a breed worked with is taken away" };
  const message = generation === undefined ? "A breed is about to begin" : `${generation} is bred: ${step ?? "requested"}`;
  return { type: "Reconciling", status: "True", reason: "Breeding", message };
}

function stalled({ reason, message }: NonNullable<Judged["failed"]>): Verdict {
  return { type: "Stalled", status: "True", reason, message };
}
