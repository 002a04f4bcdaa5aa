import { Agent } from "node:http";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { type CheckedRequest, echoRequest, pageRequest, sendChecked, type Target } from "./checked-request.ts";
import { Tally } from "./load-report.ts";

/** What the thread is to send. */
export type LoadOrder = Target &
  (
    | { readonly mode: "steady" /** Requests a second. */; readonly rate: number }
    | {
        readonly mode: "slow";
        readonly pages: number;
        readonly uploads: number;
        /** How long PHP sleeps in a page. */
        readonly seconds: number;
        readonly uploadBytes: number;
        readonly bytesPerSecond: number;
      }
  );

/** What the thread is told. */
export type LoadCommand = { readonly do: "phase"; readonly name: string } | { readonly do: "stop" };

const TICK_MS = 5;
/** More at once means that the site stands still: the rest counts as failed without being sent. */
const MOST_AT_ONCE = 1000;

const order = workerData as LoadOrder;
const port = parentPort as MessagePort;
const tally = new Tally();
const started = performance.now();
const keeping = new Agent({ keepAlive: true, maxFreeSockets: 32 });
const underWay = new Set<Promise<void>>();
let phase = "steady";
const stop = new AbortController();

function send(wanted: CheckedRequest, agent: Agent | false): void {
  const work = sendChecked(order, wanted, agent, phase).then((outcome) => {
    tally.add(outcome);
    underWay.delete(work);
  });
  underWay.add(work);
}

/** 70 % GET, 30 % POST; half of each on kept connections; bodies from empty to 32 kB, a few of 300 kB. */
function one(index: number): void {
  const pick = Math.random();
  const agent = Math.random() < 0.5 && keeping;
  if (index % 10 < 7) send(pageRequest(1 + Math.floor(pick * 400), { gzip: Math.random() < 0.5 }), agent);
  else send(echoRequest(pick < 0.02 ? 300_000 : Math.floor(pick * 32_768)), agent);
}

function refuse(): void {
  const reason = `not sent: ${String(MOST_AT_ONCE)} requests wait for their answers`;
  const failure = { at: new Date().toISOString(), phase, request: "", reason, after: 0, reused: false };
  tally.add({ method: "GET", phase, milliseconds: 0, reused: false, resent: false, release: "", failure });
}

/** What is due is sent, even when the machine let this thread wait: the rate holds on average. */
async function steady(rate: number): Promise<void> {
  for (let sent = 0; !stop.signal.aborted; await sleep(TICK_MS)) {
    for (const due = ((performance.now() - started) / 1000) * rate; sent < due; sent++) {
      if (underWay.size < MOST_AT_ONCE) one(sent);
      else refuse();
    }
  }
}

async function slow(wanted: Extract<LoadOrder, { mode: "slow" }>): Promise<void> {
  for (let page = 0; page < wanted.pages; page++) send(pageRequest(200, { seconds: wanted.seconds }), false);
  for (let upload = 0; upload < wanted.uploads; upload++) send(echoRequest(wanted.uploadBytes, wanted.bytesPerSecond), false);
  await sleep(0);
}

port.on("message", (command: LoadCommand) => {
  if (command.do === "stop") stop.abort();
  else phase = command.name;
});

await (order.mode === "steady" ? steady(order.rate) : slow(order));
const seconds = (performance.now() - started) / 1000;
await Promise.all(underWay);
keeping.destroy();
port.postMessage(tally.report(seconds));
port.close();
