import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Cluster } from "./cluster.ts";
import { entrypointWords, warningsOf, wordsOf } from "./last-words.ts";
import { hasBegun, hasFallen, type PodTrouble, podTrouble } from "./pod-trouble.ts";
import type { PodObject } from "./views.ts";

/** How long pods may take, and where to report. */
export interface Patience {
  /** Milliseconds from the moment that a pod's containers run. */
  readonly deadlineMs: number;
  /** Milliseconds until a node has taken it. Default: as many, but no fewer than `PLACE_MS`. */
  readonly placeMs?: number;
  readonly progress: (detail: string) => void;
  /** Told once, of what a person can mend while it is waited for: the scheduler's own words. */
  readonly trouble?: (why: string) => void;
}

/** So long no node may have room, however quick the pod is to start then: others free some, and clusters get another node within minutes. */
export const PLACE_MS = 300_000;

/** A scheduler finds a node within a second; what lasts longer than this a person should read (A3: within a minute). */
const TROUBLE_MS = 30_000;
/** So long a registry may be away, or refuse us: three tries of a node. A person is told why within a minute (A3); the operator tries again later. */
const REGISTRY_MS = 45_000;
/** So long a node may pull an image and make volumes, about which it says nothing. */
const START_MS = 600_000;

/** How often waiting looks: a person waits, and two small lists cost an API server a millisecond. */
export const LOOK_MS = 500;

/**
 * Follows pods that are to become ready. `look` answers whether all do now, and throws when one will not: what its entrypoint named,
 * `engine/crashed`, or `engine/not-ready` after the deadline, each with the pod's last 100 lines and what the cluster said of it.
 */
export function podJudge(cluster: Cluster, patience: Patience): { readonly look: (pods: readonly PodObject[]) => Promise<boolean> } {
  const since = cluster.clock.now();
  const begun = new Map<string, number>();
  const { deadlineMs, placeMs = Math.max(deadlineMs, PLACE_MS) } = patience;
  let told = "";
  let warned = "";
  const warn = (why: string): void => {
    if (why !== warned) patience.trouble?.(why);
    warned = why;
  };
  const tell = (detail: string): void => {
    if (detail !== told) patience.progress(detail);
    told = detail;
  };
  const judge = async (pod: PodObject, trouble: PodTrouble): Promise<void> => {
    const now = cluster.clock.now();
    const { name, uid = name } = pod.metadata;
    if (hasBegun(pod) && !begun.has(uid)) begun.set(uid, now);
    const began = begun.get(uid);
    if (began !== undefined) {
      const { failure, step } = await entrypointWords(cluster, pod);
      if (failure !== undefined) throw failure;
      tell(step ?? `waiting for ${trouble.why}`);
    } else tell(`waiting: ${trouble.why}`);
    if (trouble.kind === "cluster" && now - since >= TROUBLE_MS) warn(trouble.why);
    const late =
      trouble.kind === "cluster" || trouble.kind === "registry"
        ? now - since >= (trouble.kind === "cluster" ? placeMs : REGISTRY_MS)
        : began === undefined
          ? now - since >= START_MS
          : now - began >= deadlineMs;
    if (late || trouble.kind === "fallen" || trouble.kind === "wrong") throw await failureOf(cluster, pod, trouble, patience);
  };
  return {
    look: async (pods) => {
      const troubles = pods.map((pod) => [pod, podTrouble(pod)] as const);
      for (const [pod, trouble] of troubles) if (trouble !== undefined) await judge(pod, trouble);
      return troubles.every(([, trouble]) => trouble === undefined);
    },
  };
}

async function failureOf(cluster: Cluster, pod: PodObject, trouble: PodTrouble, { deadlineMs }: Patience): Promise<HowdahError> {
  const [words, warnings] = await Promise.all([wordsOf(cluster, pod), warningsOf(cluster, pod)]);
  const crashed = trouble.code === "engine/crashed" || hasFallen(pod);
  const output = [...warnings.map((line) => `${pod.metadata.name}: ${line}`), ...words];
  if (crashed) {
    const last = lastWord(trouble.why, words);
    return new HowdahError("engine/crashed", `${trouble.why}, right after its start${last === undefined ? "" : `: ${last}`}`, { output });
  }
  if (trouble.kind === "own") {
    return new HowdahError("engine/not-ready", `${trouble.why}, ${String(deadlineMs / 1000)} seconds after its start`, { output });
  }
  return new HowdahError("engine/not-ready", trouble.why, { output });
}

/** Enough for a sentence of nginx or PHP, and for a line of a status. */
const WORD_LENGTH = 400;

/**
 * What the container that a trouble names said of its end: the last line that sounds like it. A status carries the message and not the
 * output, so the real reason must be in it.
 */
export function lastWord(why: string, words: readonly string[]): string | undefined {
  const container = `${why.split(":")[0] ?? ""}: `;
  const named = words.filter((line) => line.startsWith(container)).map((line) => line.slice(container.length));
  const own = (named.length > 0 ? named : words).filter((line) => line.trim() !== "");
  return (own.findLast((line) => /fatal|emerg|error|exception|failed|alert/i.test(line)) ?? own.at(-1))?.slice(0, WORD_LENGTH);
}
