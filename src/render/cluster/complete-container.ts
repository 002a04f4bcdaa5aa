import { RUN_AS } from "../../kernel/label.ts";
import { DRAIN_PATH } from "../nginx/render-status-server.ts";
import type { Container, Volume } from "../objects.ts";
import { PHP_PATHS } from "../php/entrypoint-config.ts";
import { STATUS_PORT } from "../site/render-containers.ts";
import { type ClusterSettings, minorOf } from "./cluster-settings.ts";
import { nodeDiskBytes } from "./cluster-volumes.ts";
import { verbatim } from "./verbatim.ts";
import { bytesOfQuantity, lesserCpu } from "./quantity.ts";

/**
 * Seconds between a pod's end beginning and nginx' stop signal: longer than any way in needs to forget a pod. Measured with Traefik on a
 * test cluster: 0.4-2.5 s, and more than 5 s when its processors had three times as much to do as they can (84 of 7,883 requests failed
 * then, with a wait of 5 s); load balancers of clouds take 10 s and more. Nobody waits for it: the new pods serve already.
 */
const WEB_WAIT_SECONDS = 15;
/** PHP-FPM's: what nginx has taken by then and FPM not yet (all workers are busy) would be refused once FPM no longer listens. */
export const PHP_WAIT_SECONDS = 20;

/** What a container must know of its pod. */
export interface PodFacts {
  /** Those that stay on a cluster. */
  readonly volumes: readonly Volume[];
  /** An nginx in the same pod answers for PHP's health. */
  readonly tellsStatus: boolean;
  /** Seconds until a start that goes on is taken for a failure: an installation or migration may run in it. */
  readonly startSeconds: number;
}

/** What a container writes beside its volumes: its log, which the kubelet rotates at 10 MiB, five files. */
const LOG_BYTES = 64 * 1024 ** 2;

/**
 * A container for a kubelet. Probes, requests and the way it is stopped are said in the terms of a cluster; `stopSignal` is left to the
 * image's STOPSIGNAL (all of ours set it), as its field needs a feature gate in every version so far.
 */
export function completeContainer(container: Container, pod: PodFacts, settings: ClusterSettings): object {
  const { stopSignal: _image, lifecycle: _lifecycle, securityContext, ports, ...rest } = container;
  const kept = new Set(pod.volumes.map(({ name }) => name));
  return {
    ...rest,
    ...(container.command === undefined ? {} : { command: container.command.map(verbatim) }),
    ...(container.args === undefined ? {} : { args: container.args.map(verbatim) }),
    env: container.env.map((variable) => ("value" in variable ? { ...variable, value: verbatim(variable.value) } : variable)),
    imagePullPolicy: "IfNotPresent", // the reference names content, which doesn't change
    ports: ports.map((port) => ({ ...port, protocol: "TCP" })), // part of the list's key: left out, server-side apply takes two for one
    volumeMounts: container.volumeMounts.filter(({ name }) => kept.has(name)),
    resources: completeResources(container, pod, settings),
    securityContext: { ...securityContext, runAsNonRoot: true },
    ...completeProbes(container, pod),
    ...completeLifecycle(container, settings),
  };
}

/** Limits as the site has them; requests as the cluster wants them; and a bound for what it may write to its node's disk. */
function completeResources(container: Container, { volumes }: PodFacts, { requests, storage }: ClusterSettings): object {
  const { limits } = container.resources;
  const mounted = new Set(container.volumeMounts.map(({ name }) => name));
  const disk = volumes.filter(({ name }) => mounted.has(name)).reduce((sum, volume) => sum + nodeDiskBytes(volume, storage), LOG_BYTES);
  return {
    limits: { ...limits, "ephemeral-storage": String(disk) },
    requests: {
      cpu: limits.cpu === undefined ? requests.cpu : lesserCpu(requests.cpu, limits.cpu),
      ...(limits.memory === undefined ? {} : { memory: shareOf(limits.memory, requests.memoryPercent) }),
      "ephemeral-storage": String(LOG_BYTES),
    },
  };
}

function shareOf(limit: string, percent: number): string {
  return percent === 100 ? limit : String(Math.ceil((bytesOfQuantity(limit) * percent) / 100));
}

/**
 * A PHP container gets a start that may last as long as a rollout (it waits for the database, installs, migrates), and is restarted when
 * FPM's status listener does not answer for a minute: that one answers while all workers are busy (runtime.md 5). nginx of the same pod
 * asks it over the socket, which costs no process; without nginx the entrypoint's own program does.
 */
function completeProbes(container: Container, { tellsStatus, startSeconds }: PodFacts): object {
  if (container.name !== "php") return {};
  const alive = tellsStatus
    ? { httpGet: { path: "/-/ready", port: STATUS_PORT } }
    : { exec: { command: ["/usr/bin/php", PHP_PATHS.program, "health"] } };
  return {
    startupProbe: { ...alive, periodSeconds: 2, timeoutSeconds: 5, failureThreshold: Math.max(30, Math.ceil(startSeconds / 2)) },
    livenessProbe: { ...alive, periodSeconds: 20, timeoutSeconds: 10, failureThreshold: 3 },
  };
}

/**
 * A worker listens to SIGTERM, while the image's signal is FPM's SIGQUIT, which comes right after it: the first process of a container doesn't
 * see a signal that it has no handler for. It does not wait for the end: that would end the hook too, and be told as its failure.
 */
const END_WORKER = "posix_kill(1, SIGTERM);";

/**
 * Waits before the stop signal, so that the way in forgets the pod first (M2). `sleep` is in every API server from 1.30 on (beta; GA in
 * 1.34). Before, PHP waits by itself, and nginx, whose image has no other program, by an answer that takes five seconds.
 */
function completeLifecycle({ name, lifecycle, stopSignal }: Container, { version }: ClusterSettings): object {
  if (name === "worker" && stopSignal === "SIGTERM") {
    return { lifecycle: { preStop: { exec: { command: ["/usr/bin/php", "-r", END_WORKER] } } } };
  }
  if (lifecycle === undefined) return {};
  const seconds = name === "web" ? WEB_WAIT_SECONDS : PHP_WAIT_SECONDS;
  if (minorOf(version) >= 30) return { lifecycle: { preStop: { sleep: { seconds } } } };
  const preStop =
    name === "web"
      ? { httpGet: { path: DRAIN_PATH, port: STATUS_PORT } }
      : { exec: { command: ["/usr/bin/php", "-r", `sleep(${String(seconds)});`] } };
  return { lifecycle: { preStop } };
}

/** Of the pod: Pod Security `restricted` asks for these, and says them for containers that name none. */
export const podSecurity = {
  runAsNonRoot: true,
  runAsUser: RUN_AS,
  runAsGroup: RUN_AS,
  seccompProfile: { type: "RuntimeDefault" },
} as const;
