import { SEALED } from "../sealed.ts";
import type { Site } from "../../site/site.ts";
import { ACCESS_DIRECTORY, TRIAL_PORT } from "../nginx/render-site-config.ts";
import type { Container, VolumeMount } from "../objects.ts";
import { PHP_ENVIRONMENT, PHP_PATHS, usesPrimedOpcache } from "../php/entrypoint-config.ts";
import { FPM_PORT, STATUS_CONFIG } from "./render-files.ts";
import type { RenderInput } from "./render-input.ts";
import { renderVariables } from "./render-variables.ts";
import { OPCACHE_VOLUME } from "./render-volumes.ts";

/** Port of nginx in the pod, plain HTTP behind the edge. */
export const WEB_PORT = 8080;
/** Port of nginx' health endpoints, never routed from outside. */
export const STATUS_PORT = 8081;
/** Port of nginx for HTTPS with the site's own certificate. */
export const WEB_TLS_PORT = 8443;

/** Volume with the users of an environment that asks for a password. */
export const ACCESS_VOLUME = "access";

/** Seconds between leaving the way in and the stop signal: longer than it takes to be forgotten (M2: 0 failed with a wait, 25 % without). */
export const DRAIN_SECONDS = 5;

const scratch: readonly VolumeMount[] = [
  { name: "run", mountPath: "/run" },
  { name: "tmp", mountPath: "/tmp" },
];

/** nginx. Ready when PHP answers too: its readiness endpoint asks FPM's ping over the status listener, which works while all workers are busy. */
export function webContainer(site: Site, input: RenderInput, data: readonly VolumeMount[]): Container {
  const get = { httpGet: { path: "/-/ready", port: STATUS_PORT }, periodSeconds: 1, timeoutSeconds: 3 };
  return {
    name: "web",
    image: input.images.web,
    // The configuration itself keeps nginx in the foreground.
    command: ["/usr/sbin/nginx"],
    args: ["-c", "/etc/howdah/nginx/nginx.conf"],
    env: [],
    ports: [
      { name: "http", containerPort: WEB_PORT },
      { name: "status", containerPort: STATUS_PORT },
      ...(site.tls.mode === "secret" ? [{ name: "https", containerPort: WEB_TLS_PORT }] : []),
    ],
    volumeMounts: [
      ...scratch,
      { name: "nginx", mountPath: "/etc/howdah/nginx", readOnly: true },
      ...(site.tls.mode === "secret" ? [{ name: "tls", mountPath: "/etc/nginx/ssl", readOnly: true }] : []),
      ...(site.preview?.password === true ? [{ name: ACCESS_VOLUME, mountPath: ACCESS_DIRECTORY, readOnly: true }] : []),
      ...data,
    ],
    // The cache of one second and open files; nginx itself takes about 10 MiB (runtime.md 9).
    resources: { limits: { memory: "256Mi" } },
    securityContext: SEALED,
    readinessProbe: { ...get, failureThreshold: 3 },
    livenessProbe: { httpGet: { path: "/-/live", port: STATUS_PORT }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    lifecycle: { preStop: { sleep: { seconds: DRAIN_SECONDS } } },
    stopSignal: "SIGQUIT",
  };
}

/** The same nginx in a trial of PHP that is apart: it is asked where it hands requests to the PHP of its own pod. */
export function trialWebContainer(web: Container): Container {
  return { ...web, ports: web.ports.map((port) => (port.name === "http" ? { ...port, containerPort: TRIAL_PORT } : port)) };
}

/**
 * The nginx beside PHP that has pods of its own on a cluster (`hasStatusContainer`): health and FPM's figures, from PHP's own directory of
 * configuration. It has no code's data, no certificate and no secret, and is worth no wait at the end.
 */
export function statusContainer(input: RenderInput): Container {
  return {
    name: "status",
    image: input.images.web,
    command: ["/usr/sbin/nginx"],
    args: ["-c", `${PHP_PATHS.configuration}/${STATUS_CONFIG}`],
    env: [],
    ports: [{ name: "status", containerPort: STATUS_PORT }],
    volumeMounts: [...scratch, { name: "php", mountPath: PHP_PATHS.configuration, readOnly: true }],
    resources: { limits: { memory: "64Mi" } },
    securityContext: SEALED,
    // Restarted before PHP is, whose liveness is asked through it.
    livenessProbe: { httpGet: { path: "/-/live", port: STATUS_PORT }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
    stopSignal: "SIGQUIT",
  };
}

/** What every container of the site's PHP image shares: environment, configuration, data, limits. */
export function phpContainer(site: Site, input: RenderInput, data: readonly VolumeMount[]): Container {
  return {
    name: "php",
    image: input.images.php ?? input.images.web,
    command: ["/usr/bin/php", PHP_PATHS.program],
    args: ["serve"],
    workingDir: "/srv/web",
    env: [...renderVariables(site, input), ...Object.entries(PHP_ENVIRONMENT).map(([name, value]) => ({ name, value }))],
    ports: site.topology === "apart" ? [{ name: "fastcgi", containerPort: FPM_PORT }] : [],
    volumeMounts: [
      ...scratch,
      { name: "php", mountPath: "/etc/howdah", readOnly: true },
      ...(usesPrimedOpcache(site) ? [{ name: OPCACHE_VOLUME, mountPath: PHP_PATHS.primedOpcache, readOnly: true }] : []),
      ...data,
    ],
    resources: { limits: { memory: String(site.scale.memoryBytes), ...(site.scale.cpu === null ? {} : { cpu: site.scale.cpu }) } },
    securityContext: SEALED,
    lifecycle: { preStop: { sleep: { seconds: DRAIN_SECONDS } } },
    stopSignal: "SIGQUIT",
  };
}

/** A worker: the same image and environment, another program. It waits for the database like PHP does, but never installs. */
export function workerContainer(base: Container, argv: readonly string[]): Container {
  const { lifecycle: _drain, ...rest } = base;
  const volumeMounts = base.volumeMounts.filter(({ name }) => name !== OPCACHE_VOLUME);
  return { ...rest, name: "worker", args: ["run", "--", ...argv], ports: [], volumeMounts, stopSignal: "SIGTERM" };
}
