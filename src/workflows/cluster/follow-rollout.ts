import type { ErrorCode } from "../../kernel/error-catalog.ts";
import { errorCatalog } from "../../kernel/error-catalog.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { EnvironmentStatus } from "../../resources/schema/environment.ts";
import type { ReleaseStatus } from "../../resources/schema/release.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { type ClusterPlace, PRODUCTION } from "./cluster-place.ts";

/** What came of a release. */
export interface Followed {
  readonly url: string | null;
  /** Milliseconds since following began. */
  readonly milliseconds: number;
}

const POLL_MS = 250;
/** An operator that runs looks at a new object within this; longer ago nobody has. */
const NOBODY_MS = 20_000;

const ADDRESS_MS = 5000;
/** Longer than any former release takes to be put back; who waits longer is told what failed all the same. */
const UNDO_MS = 300_000;

/** The steps of a rollout (src/workflows/rollout/rollout.ts), in words. */
export const ROLLOUT_TITLES: Readonly<Record<string, string>> = {
  build: "Preparing",
  check: "nginx and PHP-FPM judge their configuration",
  migrate: "Migrating the database",
  start: "Starting a pod of the new release beside the others",
  ask: "Asking it for a real page",
  switch: "Replacing the pods",
  answer: "Asking the site",
  drain: "The former release finishes what it began",
};

/**
 * Shows a rollout that the operator performs as it goes on, step by step as on one machine. Stopping to look stops nothing: the operator goes on.
 * Errors: what made the release fail, by its own name, with the step.
 */
export async function followRollout(
  { cluster: { api, context }, namespace }: ClusterPlace,
  release: string,
  ports: Pick<Ports, "clock">,
  { emit, signal }: EngineContext,
): Promise<Followed> {
  const began = ports.clock.now();
  let open: string | undefined;
  let warned = false;
  let told = "";
  let served: number | undefined;
  let failed: number | undefined;
  const turnTo = (step: string | undefined, code?: ErrorCode, message = ""): void => {
    if (step === open) return;
    if (open !== undefined && code !== undefined) emit({ type: "task-failed", id: open, code, message });
    else if (open !== undefined) emit({ type: "task-done", id: open, outcome: "changed" });
    open = step;
    if (step !== undefined) emit({ type: "task-started", id: step, title: ROLLOUT_TITLES[step] ?? step });
  };
  for (;;) {
    signal.throwIfAborted();
    const [environment, own] = await Promise.all([
      api.get({ resource: resources.Environment, namespace, name: PRODUCTION }, signal),
      api.get({ resource: resources.Release, namespace, name: release }, signal),
    ]);
    if (own === undefined) throw new HowdahError("release/unknown", `The Release ${namespace}/${release} was deleted`);
    const now = (environment?.["status"] as EnvironmentStatus | undefined) ?? {};
    const became = (own["status"] as ReleaseStatus | undefined) ?? {};
    if (became.state === "serving") {
      turnTo(undefined);
      served ??= ports.clock.now();
      // The address is another write of the operator's, a moment later.
      if (now.url !== undefined || ports.clock.now() - served > ADDRESS_MS) return { url: now.url ?? null, milliseconds: served - began };
    }
    if (became.state === "failed" || became.state === "interrupted" || became.state === "superseded") {
      const error = failureOf(release, became);
      turnTo(undefined, error.code, error.message);
      // It says so before it goes back: only then the former release serves again.
      failed ??= ports.clock.now();
      if (now.rollout?.release !== release || ports.clock.now() - failed > UNDO_MS) throw error;
      await ports.clock.sleep(POLL_MS, signal);
      continue;
    }
    if (now.rollout?.release === release) {
      turnTo(now.rollout.step);
      const waits = waitsIn(now);
      if (waits !== told && waits !== "") emit({ type: "task-progress", id: now.rollout.step, detail: waits });
      told = waits;
    }
    const stalled = now.conditions?.find(({ type, status }) => type === "Stalled" && status === "True");
    const current = now.observedGeneration !== undefined && now.observedGeneration >= (environment?.metadata.generation ?? 1);
    if (current && stalled !== undefined && now.rollout === undefined) {
      turnTo(undefined, "cluster/failed", stalled.message);
      throw new HowdahError(codeOfReason(stalled.reason), stalled.message);
    }
    if (!warned && !current && now.rollout?.release !== release && ports.clock.now() - began > NOBODY_MS) {
      warned = true;
      const message = `nobody has taken up ${release} yet: is the operator running? \`howdah doctor --context ${context}\` says`;
      emit({ type: "notice", level: "warning", message });
    }
    await ports.clock.sleep(POLL_MS, signal);
  }
}

/** What the operator says a rollout waits for, behind `r2 is taken into service; `; empty: it goes on. */
function waitsIn({ conditions = [] }: EnvironmentStatus): string {
  const { message = "" } = conditions.find(({ type, status }) => type === "Reconciling" && status === "True") ?? {};
  const at = message.indexOf("; ");
  return at < 0 ? "" : message.slice(at + 2);
}

function failureOf(release: string, { state, step, code, reason }: ReleaseStatus): HowdahError {
  if (state === "superseded") return new HowdahError("cluster/conflict", `Another release took the place of ${release} before it served`);
  const known = code !== undefined && Object.hasOwn(errorCatalog, code) ? (code as ErrorCode) : "cluster/failed";
  const where = step === undefined ? "" : ` at the step ${step}`;
  const { hint }: { readonly hint: string } = errorCatalog[known];
  return new HowdahError(known, `${release} was not taken into service; it ended${where}: ${reason ?? state ?? ""}`, {
    hint: hint.includes("goes on serving") ? hint : `The former release, if there was one, goes on serving. ${hint}`,
  });
}

/** The failure that has this reason in conditions; reasons are the catalog's. */
export function codeOfReason(reason: string): ErrorCode {
  const found = Object.entries(errorCatalog).find(([, entry]) => entry.reason === reason);
  return found === undefined ? "cluster/failed" : (found[0] as ErrorCode);
}
