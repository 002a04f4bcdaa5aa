import type { Clock } from "../../kernel/clock.ts";
import type { StructuredLog } from "../../kernel/structured-log.ts";
import type { DatasetStorage } from "../../providers/dataset-storage/dataset-storage.ts";
import type { InTurn } from "../in-turn.ts";
import type { Mounts } from "../node/mounts.ts";
import type { AtStep } from "../steps.ts";
import type { Records } from "./records.ts";
import type { SizeLimits } from "./size-limits.ts";

/** What the verbs of the pool work with. */
export interface PoolParts {
  /** The node's name in Kubernetes. */
  readonly node: string;
  readonly storage: DatasetStorage;
  /** Whether a snapshot of a volume that somebody writes to is of one moment. */
  readonly atomicSnapshots: boolean;
  readonly records: Records;
  readonly limits: SizeLimits;
  readonly mounts: Mounts;
  /** Room of the file system that everything lies on. */
  readonly room: () => Promise<{ readonly totalBytes: number; readonly freeBytes: number }>;
  readonly clock: Pick<Clock, "now">;
  readonly inTurn: InTurn;
  readonly atStep: AtStep;
  readonly log: StructuredLog;
}
