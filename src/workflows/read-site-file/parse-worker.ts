import { parentPort, workerData } from "node:worker_threads";
import { parseSite } from "../../site/parse-site.ts";

// The program of the parsing worker: an entry of its own, so the one place where importing a module does something.
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of a worker, not a window
parentPort?.postMessage(parseSite((workerData as { readonly text: string }).text));
