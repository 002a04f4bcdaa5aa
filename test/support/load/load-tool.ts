import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Target } from "./checked-request.ts";
import type { LoadReport } from "./load-report.ts";
import type { LoadCommand, LoadOrder } from "./load-worker.ts";

/** A load that runs beside something else. */
export interface SteadyLoad {
  /** Names what happens from now on: requests are counted for the phase in which they were sent. It begins with `steady`. */
  phase(name: string): void;
  /** Sends nothing more, waits for every answer. */
  stop(): Promise<LoadReport>;
}

/**
 * A load at a fixed rate, whatever the answers take (an open loop): 70 % GET and 30 % POST, half on kept and half on new connections, half of
 * the pages compressed, every answer compared in full. In a thread of its own, so that it waits for nothing that the test does.
 * @param rate requests a second
 */
export function steadyLoad(target: Target, rate: number): SteadyLoad {
  const { worker, report } = startThread({ ...target, mode: "steady", rate });
  const tell = (command: LoadCommand): void => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage(command);
  };
  return {
    phase(name) {
      tell({ do: "phase", name });
    },
    stop() {
      tell({ do: "stop" });
      return report;
    },
  };
}

/** How slow the slow ones are. The defaults are those of the promise: 10 s in PHP, and 20 MB at 1 MB a second. */
export interface Slowness {
  readonly seconds?: number;
  readonly uploadBytes?: number;
  readonly bytesPerSecond?: number;
}

/** Sends so many slow pages and slow uploads at once, each on a connection of its own; the answer comes when all have ended. */
export function slowLoad(
  target: Target,
  counts: { readonly pages: number; readonly uploads: number },
  how: Slowness = {},
): Promise<LoadReport> {
  const { seconds = 10, uploadBytes = 20_000_000, bytesPerSecond = 1_000_000 } = how;
  return startThread({ ...target, ...counts, mode: "slow", seconds, uploadBytes, bytesPerSecond }).report;
}

function startThread(order: LoadOrder): { readonly worker: Worker; readonly report: Promise<LoadReport> } {
  const worker = new Worker(new URL("./load-worker.ts", import.meta.url), { workerData: order, execArgv: [] });
  const report = once(worker, "message").then(([message]) => message as LoadReport); // rejects with what broke the thread
  report.catch(() => undefined); // whoever waits for it hears of it
  return { worker, report };
}
