import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ParsedSite } from "../../site/parse-site.ts";

/** Bounds of the worker; tests make them smaller. */
export interface WorkerLimits {
  /** Milliseconds until the worker is ended. */
  readonly deadline: number;
  /** MiB of heap. */
  readonly heap: number;
}

const usual: WorkerLimits = { deadline: 5000, heap: 64 };

/**
 * Parses a text that nobody vouches for in a thread with a heap limit and a deadline, so that the worst file costs a thread and a clear
 * message, never the process (rule 8 of the reliability list). Costs about 60 ms of CPU for loading the parser again.
 * Throws `site/unreadable` when the worker dies, `cancelled` when the signal ends it.
 */
export async function parseInWorker(text: string, signal?: AbortSignal, limits: WorkerLimits = usual): Promise<ParsedSite> {
  signal?.throwIfAborted();
  const worker = new Worker(workerUrl(), {
    workerData: { text },
    resourceLimits: { maxOldGenerationSizeMb: limits.heap, maxYoungGenerationSizeMb: 8, stackSizeMb: 4 },
    env: workerEnvironment(),
    execArgv: [],
    stdout: true,
    stderr: true,
  });
  try {
    return await answerOf(worker, limits.deadline, signal);
  } finally {
    await worker.terminate();
  }
}

/** Compiled code comes from where this process has it, which Node does not pass on; nothing else of the environment reaches the worker. */
function workerEnvironment(): Record<string, string> {
  const cache = getCompileCacheDir();
  return cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) };
}

/** Beside this file in a checkout; in a bundle beside its entry, above the chunks. */
export function workerUrl(from: string = import.meta.url): URL {
  if (from.endsWith(".ts")) return new URL("./parse-worker.ts", from);
  return new URL(/\/chunks\/[^/]+$/.test(from) ? "../parse-worker.js" : "./parse-worker.js", from);
}

function answerOf(worker: Worker, deadline: number, signal: AbortSignal | undefined): Promise<ParsedSite> {
  const { promise, resolve, reject } = Promise.withResolvers<ParsedSite>();
  const timer = setTimeout(() => reject(unreadable(`reading it took longer than ${deadline / 1000} s`)), deadline);
  const cancel = (): void => reject(new HowdahError("cancelled", "Stopped while the site file was read"));
  signal?.addEventListener("abort", cancel, { once: true });
  worker.once("message", resolve);
  worker.once("error", (cause) => reject(unreadable("the worker that read it ran out of memory or failed", cause)));
  worker.once("exit", () => reject(unreadable("the worker that read it ended without an answer")));
  return promise.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", cancel);
  });
}

function unreadable(why: string, cause?: unknown): HowdahError {
  return new HowdahError("site/unreadable", `The site file can't be read safely: ${why}`, { cause });
}
