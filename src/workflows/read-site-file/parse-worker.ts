import { parentPort, workerData } from "node:worker_threads";
import { parseSite } from "../../site/parse-site.ts";

// The program of the parsing worker: an entry of its own, so the one place where importing a module does something.
parentPort?.postMessage(parseSite(String((workerData as { readonly text: string }).text)));
