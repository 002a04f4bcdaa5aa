import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import type { DatabaseServerSpec, DatabaseServerStatus } from "../../resources/schema/database-server.ts";
import type { Verdict } from "../status.ts";

/** What a look at a DatabaseServer found, for its status. */
export interface ServerLook extends Pick<DatabaseServerStatus, "version" | "writer" | "state" | "addresses" | "warning"> {
  readonly verdicts: readonly Verdict[];
  /** Look again after so many milliseconds. */
  readonly again: number;
}

/** Brings servers of one kind to what a DatabaseServer asks for. */
export type LookAtServer = (object: KubeObject, spec: DatabaseServerSpec, signal: AbortSignal) => Promise<ServerLook>;

/** Why a person is needed. */
export function stalledBy(reason: string, message: string): readonly Verdict[] {
  return [
    { type: "Ready", status: "False", reason, message },
    { type: "Stalled", status: "True", reason, message },
  ];
}
