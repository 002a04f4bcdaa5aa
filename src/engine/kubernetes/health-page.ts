import { HowdahError } from "../../kernel/howdah-error.ts";
import { pageWords } from "../../observe/page-words.ts";
import type { Cluster } from "./cluster.ts";
import { wordsOf } from "./last-words.ts";
import type { PodObject } from "./views.ts";

/** A first page with cold caches can take seconds. Where nothing answers a lost node is known by then: it is noticed 40 to 50 s after its loss. */
const PATIENCE_MS = 60_000;
const ATTEMPT_MS = 30_000;
const PAUSE_MS = 500;
/** From when a lost node's pods are not ready to when they are given up: the 30 s that they tolerate, and as much again for controllers. */
const LOST_MS = 60_000;
/** Name and number of the site's web server's port in a pod, as rendered. */
const PORT_NAME = "http";
const WEB_PORT = 8080;

/**
 * Asks the site's health page of one pod, before visitors reach any like it. Healthy: a status below 400. While nothing answers and the pod is not
 * ready, its node may be lost, which says nothing of the release: it is asked on for a while, until `isUnready` answers that it is ready, or gone.
 * Errors: `site/unhealthy` with the page's first words and the pod's last lines.
 */
export async function passHealthPage(
  cluster: Cluster,
  pod: PodObject,
  url: URL,
  options: { readonly deadlineMs: number; readonly signal: AbortSignal; readonly isUnready: () => Promise<boolean> },
): Promise<void> {
  const began = cluster.clock.now();
  for (;;) {
    const answer = await ask(cluster, pod, url, options.signal);
    if (answer.status > 0 && answer.status < 400) return;
    const isSilent = answer.status === 0;
    const lateMs = cluster.clock.now() - began - (isSilent ? PATIENCE_MS : Math.min(PATIENCE_MS, options.deadlineMs));
    const final = (answer.status >= 400 && answer.status <= 500) || lateMs >= 0;
    const mayBeLost = final && isSilent && lateMs < LOST_MS && (await options.isUnready());
    if (final && !mayBeLost) throw await unhealthy(cluster, pod, url, answer);
    await cluster.clock.sleep(PAUSE_MS, options.signal);
  }
}

interface Answer {
  readonly status: number;
  readonly words: string;
}

async function ask(cluster: Cluster, pod: PodObject, url: URL, signal: AbortSignal): Promise<Answer> {
  const request = {
    path: `${url.pathname}${url.search}`,
    headers: { host: url.host, "user-agent": "howdah-health" },
    timeoutMs: ATTEMPT_MS,
  };
  const place = { namespace: pod.metadata.namespace ?? "", name: pod.metadata.name, port: webPort(pod) };
  try {
    const { status, body } = await cluster.api.askPod(place, request, signal);
    return { status, words: pageWords(body) };
  } catch (error) {
    signal.throwIfAborted();
    return { status: 0, words: error instanceof Error ? error.message : String(error) };
  }
}

/** The port that a pod's web server has. */
export function webPort(pod: PodObject): number {
  const ports = pod.spec.containers.flatMap((container) => container.ports ?? []);
  return (ports.find(({ name }) => name === PORT_NAME) ?? ports[0])?.containerPort ?? WEB_PORT;
}

async function unhealthy(cluster: Cluster, pod: PodObject, url: URL, { status, words }: Answer): Promise<HowdahError> {
  const what = [status === 0 ? "" : `it answered ${String(status)}`, words].filter((part) => part !== "").join(": ");
  return new HowdahError("site/unhealthy", `${url.pathname} of the new release is not healthy: ${what}`, {
    output: await wordsOf(cluster, pod, 20),
    hint: "The former release goes on serving. Its own words are above; `spec.web.healthPath` names the path that is asked.",
  });
}
