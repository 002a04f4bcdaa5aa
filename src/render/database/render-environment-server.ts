import { OWN_SERVER_SECRET } from "../../kernel/own-names.ts";
import { COPIED_ANNOTATION } from "../../kernel/label.ts";
import type { Site } from "../../site/site.ts";
import { labelsFor, selectorFor } from "../labels.ts";
import type { ConfigMap, Container, Manifest, NetworkPolicy, PersistentVolumeClaim, Service, StatefulSet } from "../objects.ts";
import { digestOf } from "../rendered.ts";
import { claimSpec } from "../claim-spec.ts";
import { databaseContainer } from "./database-container.ts";
import { CONFIG_DIGEST } from "./database-name.ts";
import { environmentServerOptions } from "./environment-server-options.ts";
import { printOptionFile } from "./option-file.ts";
import { DATABASE_PORT } from "./server-options.ts";

/** Name of an environment's own server: of its StatefulSet, Service and ConfigMap, and its host name. */
export const OWN_SERVER = "database";

/** Claim of its data directory: longer than the name of any mount's volume that is a path itself. */
export const OWN_SERVER_CLAIM = "environment-database-files";

/** What an environment's own server is rendered from. */
export interface EnvironmentServer {
  readonly image: string;
  readonly secretDigest: string;
  readonly memoryBytes: number;
  /** On a cluster a policy has to let the environment's pods in. */
  readonly isClosed: boolean;
}

const MIB = 1024 * 1024;
/** Beside the pool: the server itself, its connections, and pages of files, which the kernel takes back. */
const POOL_SHARE = 8;
const SMALLEST_POOL = 16 * MIB;

/**
 * The database server of one environment, in its own namespace: tiny, on a copy of a data directory, with nobody's data but this environment's. Its secret
 * has `client.cnf` and `init.sql`, which makes the administrator and the environment's one user at every start.
 */
export function renderEnvironmentServer(site: Site, server: EnvironmentServer): Manifest[] {
  const metadata = { name: OWN_SERVER, labels: labelsFor(site, OWN_SERVER) };
  const pool = Math.max(SMALLEST_POOL, Math.floor(server.memoryBytes / POOL_SHARE / MIB) * MIB);
  const connections = Math.max(20, (site.runtime?.fpm.maxChildren ?? 0) + 10);
  const configuration: ConfigMap = {
    ...{ apiVersion: "v1", kind: "ConfigMap", metadata },
    data: { "my.cnf": printOptionFile(environmentServerOptions({ poolBytes: pool, maxConnections: connections })) },
  };
  const claim: PersistentVolumeClaim = {
    ...{ apiVersion: "v1", kind: "PersistentVolumeClaim" },
    metadata: { ...metadata, name: OWN_SERVER_CLAIM, annotations: { [COPIED_ANNOTATION]: "true" } },
    spec: claimSpec(
      { name: OWN_SERVER_CLAIM, accessModes: ["ReadWriteOnce"], storage: "10Gi" },
      site.preview?.data.database,
      site.preview?.data,
    ),
  };
  const service: Service = {
    ...{ apiVersion: "v1", kind: "Service", metadata },
    spec: {
      selector: selectorFor(site, OWN_SERVER),
      ports: [{ name: "mysql", port: DATABASE_PORT, targetPort: DATABASE_PORT, appProtocol: "mysql" }],
    },
  };
  return [configuration, claim, service, ...(server.isClosed ? [fromItsPods(site)] : []), statefulSet(site, server, configuration)];
}

/** The namespace is the environment's alone. */
function fromItsPods(site: Site): NetworkPolicy {
  return {
    ...{ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" },
    metadata: { name: "database-from-site", labels: labelsFor(site, OWN_SERVER) },
    spec: {
      podSelector: { matchLabels: selectorFor(site, OWN_SERVER) },
      policyTypes: ["Ingress"],
      ingress: [{ from: [{ podSelector: { matchLabels: {} } }], ports: [{ port: DATABASE_PORT }] }],
    },
  };
}

function statefulSet(site: Site, server: EnvironmentServer, { metadata, data }: ConfigMap): StatefulSet {
  return {
    ...{ apiVersion: "apps/v1", kind: "StatefulSet", metadata },
    spec: {
      replicas: 1,
      serviceName: OWN_SERVER,
      selector: { matchLabels: selectorFor(site, OWN_SERVER) },
      template: {
        metadata: { labels: labelsFor(site, OWN_SERVER), annotations: { [CONFIG_DIGEST]: digestOf([data, server.secretDigest]) } },
        spec: {
          initContainers: [],
          containers: [container(server)],
          volumes: [
            { name: "data", persistentVolumeClaim: { claimName: OWN_SERVER_CLAIM } },
            { name: "config", configMap: { name: OWN_SERVER } },
            { name: "admin", secret: { secretName: OWN_SERVER_SECRET } },
            { name: "run", emptyDir: { medium: "Memory", sizeLimit: "16Mi" } },
            { name: "tmp", emptyDir: { sizeLimit: "1Gi" } },
          ],
          terminationGracePeriodSeconds: 20,
          restartPolicy: "Always",
          automountServiceAccountToken: false,
        },
      },
    },
  };
}

/**
 * It listens when it has run `init.sql`, so that an open port says that it is ready: a client program that asks would take longer than its start (0.1 s).
 * A first start makes the system tables, which takes seconds.
 */
function container({ image, memoryBytes }: EnvironmentServer): Container {
  const probe = { tcpSocket: { port: DATABASE_PORT }, periodSeconds: 1, timeoutSeconds: 2 };
  return databaseContainer(image, memoryBytes, {
    startupProbe: { ...probe, failureThreshold: 600 },
    readinessProbe: { ...probe, periodSeconds: 10, failureThreshold: 3 },
  });
}
