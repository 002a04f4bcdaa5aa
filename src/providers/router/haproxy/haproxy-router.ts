import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { DatabaseRouter, NodeSight, PodReport, RouterPod, RouterWish } from "../database-router.ts";
import { type StatisticsRow, readStatistics } from "./read-statistics.ts";

const PATIENCE_MS = 5_000;
/** As src/render/router/haproxy/render-haproxy.ts has them. */
const STATISTICS = "/statistics;csv";
const PROXY = "writer";

/**
 * HAProxy knows no users, and its nodes are in its configuration: a pod is in step, or it must start with another. What it sees of the nodes is read
 * from its statistics page, which nothing but Howdah's own namespace reaches.
 */
export const haproxyRouter: DatabaseRouter = {
  kind: "haproxy",
  knowsUsers: false,
  reconcile: async (wish, pods) => await Promise.all(pods.map(async (pod) => await compare(wish, pod))),
  look: async (_wish, pod) => (await statisticsOf(pod)).map(sight),
};

async function compare(wish: RouterWish, pod: RouterPod): Promise<PodReport> {
  try {
    const has = (await statisticsOf(pod)).map(({ server }) => server).sort();
    const wanted = wish.nodes.map(({ name }) => name).sort();
    if (has.join(" ") === wanted.join(" ")) return { pod: pod.name, state: "in-step", detail: `leads to ${has.join(", ")}` };
    return { pod: pod.name, state: "drifted", detail: `leads to ${has.join(", ")}, not to ${wanted.join(", ")}` };
  } catch (error) {
    return { pod: pod.name, state: "unreachable", detail: error instanceof Error ? error.message : String(error) };
  }
}

function sight({ server, status, sessions }: StatisticsRow): NodeSight {
  // `NOLB`: it answers 404, so it serves what it has and gets nothing new. With sessions left it is drained, without it waits for its turn.
  const state = status.startsWith("UP") ? "writer" : status.startsWith("NOLB") ? (sessions > 0 ? "draining" : "standby") : "down";
  return { node: server, state, sessions };
}

async function statisticsOf(pod: RouterPod): Promise<readonly StatisticsRow[]> {
  const url = `http://${pod.address.includes(":") ? `[${pod.address}]` : pod.address}:${pod.port}${STATISTICS}`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS), redirect: "error" }).catch((error: unknown) => {
    throw new HowdahError("database/unreachable", `The router ${pod.name} does not answer: ${error instanceof Error ? error.message : ""}`);
  });
  const text = await answer.text();
  if (!answer.ok) throw new HowdahError("database/unreachable", `The router ${pod.name} answers ${answer.status}`);
  return readStatistics(text, PROXY);
}
