import { DATABASE_SECRET } from "../../kernel/own-names.ts";
import type { Site } from "../../site/site.ts";
import { labelsFor, selectorFor } from "../labels.ts";
import type { Deployment, PersistentVolumeClaim } from "../objects.ts";
import { SEALED } from "../sealed.ts";
import { DATABASE_CONTAINER } from "./database-name.ts";
import { DATABASE_PATHS } from "./server-options.ts";

/** Claim of the dumps from before migrations, where no server of Howdah's has a volume for them. */
export const DUMPS_CLAIM = "howdah-dumps";

/** Where it is in the pod. */
export const DUMPS_PATH = "/dumps";

/** Names the pods' component; no Service leads to them. */
const COMPONENT = "dumps";

/** The volume of a site's dumps: as large as was ever asked for, since a volume never shrinks. */
export function renderDumpsClaim(site: Site, gibibytes: number): PersistentVolumeClaim {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: DUMPS_CLAIM, labels: labelsFor(site, COMPONENT) },
    spec: { accessModes: ["ReadWriteMany"], resources: { requests: { storage: `${String(gibibytes)}Gi` } } },
  };
}

/**
 * What a pod is made from in which MariaDB's programs dump a site's database, or bring it back, over the network and as the site's own user. It is one of the
 * site's own pods: the policies that let them out to the database hold for it. Never applied.
 */
export function renderDumpPod(site: Site, image: string): Deployment {
  const labels = labelsFor(site, COMPONENT);
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: COMPONENT, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: selectorFor(site, COMPONENT) },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "100%", maxUnavailable: 0 } },
      progressDeadlineSeconds: 600,
      template: {
        metadata: { labels, annotations: {} },
        spec: {
          initContainers: [],
          containers: [
            {
              ...{ name: DATABASE_CONTAINER, image, command: ["sh"], ports: [] },
              env: [{ name: "MYSQL_PWD", valueFrom: { secretKeyRef: { name: DATABASE_SECRET, key: "password" } } }],
              volumeMounts: [
                { name: "dumps", mountPath: DUMPS_PATH },
                { name: "tmp", mountPath: DATABASE_PATHS.temporary },
              ],
              resources: { limits: { memory: "512Mi" } },
              securityContext: SEALED,
              stopSignal: "SIGTERM",
            },
          ],
          volumes: [
            { name: "dumps", persistentVolumeClaim: { claimName: DUMPS_CLAIM } },
            { name: "tmp", emptyDir: { sizeLimit: "1Gi" } },
          ],
          terminationGracePeriodSeconds: 5,
          restartPolicy: "Always",
          automountServiceAccountToken: false,
        },
      },
    },
  };
}
