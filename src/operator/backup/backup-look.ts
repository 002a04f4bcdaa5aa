import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { BackupSpec, BackupStatus } from "../../resources/schema/backup.ts";
import type { EnvironmentStatus } from "../../resources/schema/environment.ts";
import type { OperatorPorts, Outcome } from "../operator-ports.ts";
import { conditionsOf, type Verdict, writeStatus } from "../status.ts";
import { backupVerdicts } from "./backup-verdicts.ts";

/** One look at a Backup. */
export interface BackupLook {
  readonly object: KubeObject;
  readonly namespace: string;
  readonly spec: BackupSpec;
  readonly status: Partial<BackupStatus>;
  /** Of what serves; undefined where no site does. */
  readonly environment: Partial<EnvironmentStatus> | undefined;
  readonly ports: OperatorPorts;
  readonly signal: AbortSignal;
}

/** Writes a status with its conditions; `verdicts` in the place of what follows from it. */
export async function report(look: BackupLook, status: Partial<BackupStatus>, verdicts?: readonly Verdict[]): Promise<Outcome> {
  const { object, ports } = look;
  const generation = object.metadata.generation ?? 1;
  const now = new Date(ports.clock.now()).toISOString();
  const conditions = conditionsOf(verdicts ?? backupVerdicts(status), look.status.conditions, { generation, now });
  await writeStatus(ports.api, resources.Backup, object, { ...status, observedGeneration: generation, conditions });
  return {};
}
