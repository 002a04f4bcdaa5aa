import type { ConfigMap, Container, Manifest, PersistentVolumeClaim, PodSpec, Service, StatefulSet } from "../objects.ts";
import { digestOf } from "../rendered.ts";
import { CONFIG_DIGEST, databaseLabels, databaseSelector, databaseServerName } from "./database-name.ts";
import { databaseContainer } from "./database-container.ts";
import { printOptionFile } from "./option-file.ts";
import { DATABASE_PATHS, DATABASE_PORT, databaseServerOptions } from "./server-options.ts";

/** What a server is rendered from. */
export interface DatabaseServer {
  /** `11.8`, `10.11`, `10.5`. */
  readonly version: string;
  /** Pinned image reference. */
  readonly image: string;
  /** The container's limit. */
  readonly memoryBytes: number;
  /** Size of the volume; default 10Gi. */
  readonly storage?: string;
  /** Digest of the administrator's secret, as `Engine.putSecret` answers it: a change rolls the pod. */
  readonly secretDigest?: string;
  /** False: it keeps no binlog. On a cluster nobody bounds one by bytes (before 11.4 the agent of a machine does), watches the volume, or reads it. */
  readonly binlog?: boolean;
}

/**
 * A MariaDB server that the sites of one version share, for the namespace `howdah-system`: ConfigMap, PVC, Service, StatefulSet.
 * Its Secret (same name, keys `client.cnf` and `init.sql`) is put by the database provider, never rendered.
 */
export function renderDatabaseServer(server: DatabaseServer): Manifest[] {
  const configuration = renderConfigMap(server);
  return [configuration, renderClaim(server), renderService(server), renderStatefulSet(server, configuration)];
}

function metadata(server: DatabaseServer) {
  return { name: databaseServerName(server.version), labels: databaseLabels(server.version) };
}

function renderConfigMap(server: DatabaseServer): ConfigMap {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadata(server),
    data: { "my.cnf": printOptionFile(databaseServerOptions(server.memoryBytes, { binlog: server.binlog !== false })) },
  };
}

function renderClaim(server: DatabaseServer): PersistentVolumeClaim {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: metadata(server),
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: server.storage ?? "10Gi" } } },
  };
}

function renderService(server: DatabaseServer): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(server),
    spec: {
      selector: databaseSelector(server.version),
      ports: [{ name: "mysql", port: DATABASE_PORT, targetPort: DATABASE_PORT, appProtocol: "mysql" }],
    },
  };
}

function renderStatefulSet(server: DatabaseServer, configuration: ConfigMap): StatefulSet {
  const { name, labels } = metadata(server);
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name, labels },
    spec: {
      replicas: 1,
      serviceName: name,
      selector: { matchLabels: databaseSelector(server.version) },
      template: {
        metadata: {
          labels,
          annotations: { [CONFIG_DIGEST]: digestOf([configuration.data, server.secretDigest ?? ""]) },
        },
        spec: renderPod(server, name),
      },
    },
  };
}

/** 120 s of grace: InnoDB writes its pool's dirty pages and a dump of the pool; a SIGKILL before would cost a recovery, not data. */
function renderPod(server: DatabaseServer, name: string): PodSpec {
  return {
    initContainers: [],
    containers: [renderContainer(server)],
    volumes: [
      { name: "data", persistentVolumeClaim: { claimName: name } },
      { name: "config", configMap: { name } },
      { name: "admin", secret: { secretName: name } },
      { name: "run", emptyDir: { medium: "Memory", sizeLimit: "16Mi" } },
      { name: "tmp", emptyDir: { sizeLimit: "4Gi" } },
    ],
    terminationGracePeriodSeconds: 120,
    restartPolicy: "Always",
    automountServiceAccountToken: false,
  };
}

function renderContainer({ image, memoryBytes }: DatabaseServer): Container {
  return databaseContainer(image, memoryBytes, {
    startupProbe: { exec: { command: answersQuery }, periodSeconds: 2, timeoutSeconds: 5, failureThreshold: 900 },
    readinessProbe: { exec: { command: answersQuery }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
  });
}

/**
 * Healthy is a server that answers a query; `mariadb-admin ping` also succeeds when it refuses everybody. Half an hour to start,
 * since crash recovery of a large database takes long. No liveness probe: a server that dies is restarted anyway, and one that is
 * slow must not be killed.
 */
const answersQuery = ["mariadb", `--defaults-file=${DATABASE_PATHS.clientFile}`, "--connect-timeout=4", "--batch", "--execute=SELECT 1"];
