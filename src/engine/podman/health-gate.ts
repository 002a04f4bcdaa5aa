import { HowdahError } from "../../kernel/howdah-error.ts";
import { HEALTH_ANNOTATION } from "../../kernel/label.ts";
import { pageWords } from "../../observe/page-words.ts";
import type { EngineContext } from "../engine.ts";
import type { ReadyPod } from "./await-ready.ts";
import { lastLines } from "./container-log.ts";
import { httpAsk } from "./http-ask.ts";
import type { Machine } from "./machine.ts";
import type { PodPlan } from "./pod-arguments.ts";
import { deadlineSeconds, type Workload } from "./pods.ts";

/** A first page with cold caches can take seconds. */
const PATIENCE_MS = 60_000;
const ATTEMPT_MS = 30_000;
const PAUSE_MS = 500;
const BODY_LIMIT = 64 * 1024;
/** Port of the site's nginx in a pod, as rendered. */
const WEB_PORT = 8080;

/**
 * Asks the site's health path of new pods before the way in leads to them, while former ones still serve. A workload says what to ask
 * in an annotation; one without is not asked. Healthy: a status below 400.
 * Errors: `site/unhealthy` with the page's first words and the pod's last lines; the former pods then go on serving.
 */
export async function passHealthGate(
  machine: Machine,
  workload: Workload,
  { plans, ready }: { readonly plans: readonly PodPlan[]; readonly ready: readonly ReadyPod[] },
  context: EngineContext,
): Promise<void> {
  const asked = workload.metadata.annotations?.[HEALTH_ANNOTATION];
  if (asked === undefined) return;
  const patienceMs = Math.min(PATIENCE_MS, deadlineSeconds(workload) * 1000);
  for (const plan of plans) {
    const { address = "" } = ready.find((one) => one.pod === plan.pod) ?? {};
    await passes(machine, new URL(asked), { plan, address, patienceMs }, context);
  }
}

interface Place {
  readonly plan: PodPlan;
  readonly address: string;
  readonly patienceMs: number;
}

async function passes(machine: Machine, url: URL, place: Place, context: EngineContext): Promise<void> {
  const until = machine.clock.now() + place.patienceMs;
  for (;;) {
    const answer = await ask(url, place.address, context.signal).catch((error: unknown) => ({
      status: 0,
      words: error instanceof Error ? error.message : String(error),
    }));
    context.signal.throwIfAborted();
    if (answer.status > 0 && answer.status < 400) return;
    const final = (answer.status >= 400 && answer.status <= 500) || machine.clock.now() >= until;
    if (final) throw await unhealthy(machine, url, place, answer);
    await machine.clock.sleep(PAUSE_MS, context.signal);
  }
}

async function ask(url: URL, address: string, signal: AbortSignal): Promise<{ status: number; words: string }> {
  const { status, body } = await httpAsk({
    address,
    port: WEB_PORT,
    path: `${url.pathname}${url.search}`,
    headers: { host: url.host, "user-agent": "howdah-health" },
    bodyLimit: BODY_LIMIT,
    signal: AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]),
  });
  return { status, words: pageWords(body) };
}

async function unhealthy(machine: Machine, url: URL, place: Place, answer: { status: number; words: string }): Promise<HowdahError> {
  const names = place.plan.spec.containers.map((container) => machine.names.container(place.plan.pod, container.name));
  const output: string[] = [];
  for (const { name, logPath } of await machine.podman.inspect(names)) {
    const container = name.slice(place.plan.pod.length + 1);
    output.push(...(await lastLines(logPath, 20)).map((line) => `${container}: ${line.text}`));
  }
  const what = [answer.status === 0 ? "" : `it answered ${String(answer.status)}`, answer.words].filter((text) => text !== "").join(": ");
  return new HowdahError("site/unhealthy", `${url.pathname} of the new release is not healthy: ${what}`, {
    output,
    hint: "The former release goes on serving. Its own words are above; `spec.web.healthPath` names the path that is asked.",
  });
}
