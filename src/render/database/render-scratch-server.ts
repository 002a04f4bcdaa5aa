import type { Deployment } from "../objects.ts";
import { SEALED } from "../sealed.ts";
import { DATABASE_CONTAINER } from "./database-name.ts";
import { printOptionFile } from "./option-file.ts";
import { CONTAINED, DATABASE_PATHS } from "./server-options.ts";

/** Name of the workload that is never applied: a container like its is run once and gone. */
export const SCRATCH_NAME = "scratch-database";

const MEMORY = String(1024 ** 3);

/**
 * A server for a few minutes, in the image of a real one: nothing of that one's is mounted, no secret, and it listens to its socket
 * alone. Whatever is restored into it is gone with it.
 */
export function renderScratchServer(image: string): Deployment {
  const labels = { "app.kubernetes.io/name": SCRATCH_NAME, "app.kubernetes.io/managed-by": "howdah" };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: SCRATCH_NAME, labels },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "1", maxUnavailable: 0 } },
      progressDeadlineSeconds: 600,
      template: {
        metadata: { labels, annotations: {} },
        spec: {
          initContainers: [],
          containers: [
            {
              name: DATABASE_CONTAINER,
              image,
              env: [],
              ports: [],
              volumeMounts: [
                { name: "data", mountPath: DATABASE_PATHS.volume },
                { name: "config", mountPath: DATABASE_PATHS.config },
                { name: "admin", mountPath: DATABASE_PATHS.secrets },
                { name: "run", mountPath: DATABASE_PATHS.run },
                { name: "tmp", mountPath: DATABASE_PATHS.temporary },
              ],
              resources: { limits: { memory: MEMORY } },
              securityContext: SEALED,
              stopSignal: "SIGTERM",
            },
          ],
          volumes: [
            { name: "data", emptyDir: { sizeLimit: "50Gi" } },
            { name: "config", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
            { name: "admin", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
            { name: "run", emptyDir: { medium: "Memory", sizeLimit: "16Mi" } },
            { name: "tmp", emptyDir: { sizeLimit: "50Gi" } },
          ],
          terminationGracePeriodSeconds: 1,
          restartPolicy: "Always",
          automountServiceAccountToken: false,
        },
      },
    },
  };
}

/** Its my.cnf: nothing need survive it, so nothing is flushed. */
export function scratchServerOptions(): string {
  return printOptionFile([
    {
      name: "mariadbd",
      options: [
        { key: "skip-networking", value: null },
        ...CONTAINED,
        { key: "innodb-buffer-pool-size", value: 256 * 1024 * 1024 },
        { key: "innodb-flush-log-at-trx-commit", value: 0 },
        { key: "innodb-doublewrite", value: 0 },
        { key: "max-allowed-packet", value: 1024 * 1024 * 1024 },
        { key: "performance-schema", value: "OFF" },
        { key: "log-warnings", value: 0 },
      ],
    },
  ]);
}
