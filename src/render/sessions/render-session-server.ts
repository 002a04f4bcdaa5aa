import { SEALED } from "../sealed.ts";
import { LABEL_PREFIX } from "../../kernel/label.ts";
import type { Site } from "../../site/site.ts";
import { labelsFor, selectorFor } from "../labels.ts";
import type {
  Container,
  Deployment,
  Manifest,
  NetworkPolicy,
  PersistentVolumeClaim,
  PodSpec,
  PodTemplate,
  Service,
  StatefulSet,
  Volume,
} from "../objects.ts";
import { configMaps } from "../site/config-maps.ts";
import { SESSION_PORT, SESSION_SERVER, type SessionServer } from "./session-server.ts";
import { VALKEY_MEMORY, VALKEY_PATHS, VALKEY_STORAGE, valkeyConfig } from "./valkey-config.ts";

/** Claim of the server's log. Not `sessions`, which is the volume of a site that shares one (ADR 21). */
const CLAIM = "session-server";

/** Volume of that log, in its pod. */
const DATA = "data";

/** Seconds that a server may take to start: its image is small, and there is nothing to read. */
const START_SECONDS = 300;

/**
 * A server of PHP's sessions for one site alone (ADR 23): claim, configuration, policy, Service, StatefulSet of one pod. Its Secret is put by
 * whoever prepares a release, never rendered. Nothing of it changes with a release of the site's code, so a rollout does not restart it.
 * `inMemory`: a Deployment without a claim, for clusters whose volumes lie on one node's disk. A StatefulSet's pod, and such a volume, wait for a lost
 * node for ever; a Deployment's pod is on another one within a minute, with nobody signed in.
 */
export function renderSessionServer(site: Site, server: SessionServer, inMemory = false): readonly Manifest[] {
  const maps = configMaps(site, SESSION_SERVER, { "valkey.conf": valkeyConfig() });
  const common = [...maps, policy(site), service(site)];
  const data: Volume = inMemory
    ? { name: DATA, emptyDir: { sizeLimit: VALKEY_STORAGE } } // its containers may be restarted: that signs out nobody
    : { name: DATA, persistentVolumeClaim: { claimName: CLAIM } };
  const template: PodTemplate = {
    metadata: { labels: labelsFor(site, SESSION_SERVER), annotations: { [`${LABEL_PREFIX}/secrets`]: server.secretDigest } },
    spec: pod(server, maps[0]?.metadata.name ?? "", data),
  };
  return inMemory ? [...common, deployment(site, template)] : [claim(site), ...common, statefulSet(site, template)];
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

function deployment(site: Site, template: PodTemplate): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: metadata(site),
    spec: {
      replicas: 1,
      selector: { matchLabels: selectorFor(site, SESSION_SERVER) },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "100%", maxUnavailable: 0 } },
      progressDeadlineSeconds: START_SECONDS,
      template,
    },
  };
}

function statefulSet(site: Site, template: PodTemplate): StatefulSet {
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: metadata(site),
    spec: {
      replicas: 1,
      serviceName: SESSION_SERVER,
      selector: { matchLabels: selectorFor(site, SESSION_SERVER) },
      template,
    },
  };
}

function pod(server: SessionServer, configMap: string, data: Volume): PodSpec {
  return {
    initContainers: [],
    containers: [container(server)],
    volumes: [data, { name: "config", configMap: { name: configMap } }, { name: "users", secret: { secretName: server.secretName } }],
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
      { name: DATA, mountPath: VALKEY_PATHS.data },
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
