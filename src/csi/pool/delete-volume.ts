import { status } from "@grpc/grpc-js";
import { CsiError } from "../csi-error.ts";
import { discard } from "./discard.ts";
import type { PoolParts } from "./pool-parts.ts";
import { mustBeUnused } from "./quiet-volume.ts";
import type { PoolRecord } from "./records.ts";
import { whereabouts } from "./volume-id.ts";

/**
 * Takes a volume or snapshot away; copies that were made of it stay. What isn't there counts as gone. Errors: `FAILED_PRECONDITION` while a pod has it, and
 * for what lies on another node, which must not be called gone.
 */
export async function deleteFromPool(parts: PoolParts, kind: PoolRecord["kind"], id: string): Promise<void> {
  const where = whereabouts(parts.node, id);
  if (where === "nowhere") return;
  if (where === "elsewhere") throw new CsiError(status.FAILED_PRECONDITION, `${id} is on another node than ${parts.node}`);
  await parts.inTurn([id], async () => {
    const found = await parts.records.read(id);
    if (found === undefined) return;
    if (found.kind !== kind) throw new CsiError(status.INVALID_ARGUMENT, `${id} is no ${kind}`);
    if (kind === "volume") await mustBeUnused(parts, id);
    if (found.state === "ready") await parts.records.write({ ...found, state: "deleting" });
    parts.atStep("delete/marked");
    await discard(parts, id);
  });
}
