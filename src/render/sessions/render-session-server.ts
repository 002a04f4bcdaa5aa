import { SEALED } from "../sealed.ts";
import { LABEL_PREFIX } from "../../kernel/label.ts";
import type { Site } from "../../site/site.ts";
import { labelsFor, selectorFor } from "../labels.ts";
import type { Container, Manifest, NetworkPolicy, PersistentVolumeClaim, PodSpec, Service, StatefulSet } from "../objects.ts";
import { configMaps } from "../site/config-maps.ts";
import { SESSION_PORT, SESSION_SERVER, type SessionServer } from "./session-server.ts";
import { VALKEY_MEMORY, VALKEY_PATHS, VALKEY_STORAGE, valkeyConfig } from "./valkey-config.ts";

/** Claim of the server's log. Not `sessions`, which is the volume of a site that shares one (ADR 21). */
const CLAIM = "session-server";

/**
 * A server of PHP's sessions for one site alone (ADR 23): claim, configuration, policy, Service, StatefulSet of one pod. Its Secret is put by
 * whoever prepares a release, never rendered. Nothing of it changes with a release of the site's code, so a rollout does not restart it.
 */
export function renderSessionServer(site: Site, server: SessionServer): readonly Manifest[] {
  const maps = configMaps(site, SESSION_SERVER, { "valkey.conf": valkeyConfig() });
  return [claim(site), ...maps, policy(site), service(site), statefulSet(site, server, maps[0]?.metadata.name ?? "")];
}

function metadata(site: Site, name = SESSION_SERVER) {
  return { name, labels: labelsFor(site, SESSION_SERVER) };
}

function claim(site: Site): PersistentVolumeClaim {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: metadata(site, CLAIM),
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: VALKEY_STORAGE } } },
  };
}

/** PHP wherever it runs, in workers and in crons that have a pod of their own; nginx only where it shares PHP's pod. */
function policy(site: Site): NetworkPolicy {
  const components = [site.topology === "apart" ? "php" : "web", ...site.workers.map(({ name }) => `worker-${name}`), "cron"];
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadata(site, "sessions-from-php"),
    spec: {
      podSelector: { matchLabels: selectorFor(site, SESSION_SERVER) },
      policyTypes: ["Ingress"],
      ingress: [
        {
          from: components.map((component) => ({ podSelector: { matchLabels: selectorFor(site, component) } })),
          ports: [{ port: SESSION_PORT }],
        },
      ],
    },
  };
}

function service(site: Site): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(site),
    spec: {
      selector: selectorFor(site, SESSION_SERVER),
      ports: [{ name: "valkey", port: SESSION_PORT, targetPort: SESSION_PORT, appProtocol: "redis" }],
    },
  };
}

function statefulSet(site: Site, server: SessionServer, configMap: string): StatefulSet {
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: metadata(site),
    spec: {
      replicas: 1,
      serviceName: SESSION_SERVER,
      selector: { matchLabels: selectorFor(site, SESSION_SERVER) },
      template: {
        metadata: { labels: labelsFor(site, SESSION_SERVER), annotations: { [`${LABEL_PREFIX}/secrets`]: server.secretDigest } },
        spec: pod(server, configMap),
      },
    },
  };
}

function pod(server: SessionServer, configMap: string): PodSpec {
  return {
    initContainers: [],
    containers: [container(server)],
    volumes: [
      { name: "data", persistentVolumeClaim: { claimName: CLAIM } },
      { name: "config", configMap: { name: configMap } },
      { name: "users", secret: { secretName: server.secretName } },
    ],
    terminationGracePeriodSeconds: 30, // it writes what a second has brought; more than 64 MiB there never is
    restartPolicy: "Always",
    automountServiceAccountToken: false,
  };
}

/**
 * Well is a server that answers: it says LOADING while it reads its log, and MISCONF when it can't write it (`-e`: an error is a failure). No
 * liveness probe: a server that dies is started anyway, and killing one whose disk is full or slow mends neither.
 */
function container(server: SessionServer): Container {
  const answers = { exec: { command: [VALKEY_PATHS.client, "-e", "ping"] }, timeoutSeconds: 5 };
  return {
    name: "valkey",
    image: server.image,
    command: [VALKEY_PATHS.program],
    args: [`${VALKEY_PATHS.config}/valkey.conf`],
    env: [],
    ports: [{ name: "valkey", containerPort: SESSION_PORT }],
    volumeMounts: [
      { name: "data", mountPath: VALKEY_PATHS.data },
      { name: "config", mountPath: VALKEY_PATHS.config, readOnly: true },
      { name: "users", mountPath: VALKEY_PATHS.users, readOnly: true },
    ],
    resources: { limits: { memory: VALKEY_MEMORY } },
    securityContext: SEALED,
    startupProbe: { ...answers, periodSeconds: 1, failureThreshold: 300 },
    readinessProbe: { ...answers, periodSeconds: 10, failureThreshold: 3 },
    stopSignal: "SIGTERM",
  };
}
