import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";

/** How a backup's Job ended, from what its pod's containers said. */
export interface JobOutcome {
  /** Whole in the store, whatever came after. */
  readonly made?: Amounts & { readonly bytes: number };
  readonly verified?: Amounts;
  readonly restored?: Amounts;
  /** What was asked to be deleted, and is. */
  readonly deleted?: readonly string[] | "all";
  /** What the store keeps; null: that could not be found out. */
  readonly kept?: readonly string[] | null;
  /** Why what is no longer kept could not be deleted. */
  readonly uncleaned?: string;
  readonly failed?: { readonly code: string; readonly message: string };
}

/** Of a backup, as steps tell it. */
export interface Amounts {
  readonly id: string;
  readonly at: string;
  readonly tables: number;
  readonly rows: number;
  readonly files: number;
}

interface Ended {
  readonly name: string;
  readonly state?: { readonly terminated?: { readonly exitCode: number; readonly reason?: string; readonly message?: string } };
}

/** What the end of a step means that says nothing of its own. */
const CODES: Readonly<Record<string, string>> = { scratch: "backup/damaged" };

/** Whether a Job ended, and with what; undefined while it goes on. */
export function jobEnd(job: KubeObject): { readonly ok: boolean; readonly why: string } | undefined {
  const { conditions = [] } = (job["status"] ?? {}) as {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
  const end = conditions.find(({ type, status }) => (type === "Complete" || type === "Failed") && status === "True");
  return end === undefined ? undefined : { ok: end.type === "Complete", why: end.message ?? end.reason ?? "it failed" };
}

/** What a Job that ended has done, from its pod. A Job that says nothing has done nothing: no backup is verified because of what is missing. */
export function jobOutcome(end: { readonly ok: boolean; readonly why: string }, pod: KubeObject | undefined): JobOutcome {
  const { initContainerStatuses = [], containerStatuses = [] } = (pod?.["status"] ?? {}) as {
    readonly initContainerStatuses?: readonly Ended[];
    readonly containerStatuses?: readonly Ended[];
  };
  const ended = [...initContainerStatuses, ...containerStatuses];
  const said: JobOutcome[] = ended.flatMap(({ state }) =>
    state?.terminated?.exitCode === 0 ? [parsed(state.terminated.message) ?? {}] : [],
  );
  const known: JobOutcome = Object.assign({}, ...said) as JobOutcome;
  if (end.ok) return known;
  const broken = ended.find(({ state }) => state?.terminated !== undefined && state.terminated.exitCode !== 0);
  const { verified: _never, restored: _neither, ...rest } = known;
  return {
    ...rest,
    failed: broken === undefined ? { code: "backup/failed", message: `Its Job was ended: ${end.why}` } : failureOf(broken),
  };
}

function failureOf({ name, state }: Ended): { readonly code: string; readonly message: string } {
  const { exitCode = 1, reason, message } = state?.terminated ?? {};
  const told = parsed(message)?.failed;
  if (told !== undefined) return told;
  if (reason === "OOMKilled") return { code: "backup/failed", message: `The step ${name} took more memory than it may` };
  const lines = (message ?? "").split("\n").filter((line) => line.trim() !== "");
  const words = lines.findLast((line) => /^(ERROR|mariadb-dump|mysqldump)/.test(line)) ?? lines.at(-1) ?? `exit code ${String(exitCode)}`;
  return { code: CODES[name] ?? "backup/failed", message: `The step ${name} failed: ${words.slice(0, 500)}` };
}

function parsed(message: string | undefined): JobOutcome | undefined {
  if (message === undefined || !message.startsWith("{")) return undefined;
  try {
    return JSON.parse(message) as JobOutcome;
  } catch {
    return undefined;
  }
}
