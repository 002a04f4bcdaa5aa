import type { Deployment } from "../objects.ts";
import { DATABASE_CONTAINER } from "./database-name.ts";
import { renderScratchServer } from "./render-scratch-server.ts";
import { DATABASE_PATHS } from "./server-options.ts";

/**
 * A container for a few minutes beside a server, on its files: to copy them while it serves (`"read"`), or to put others in their place while it does
 * not (`"write"`). What its memory takes is not the server's.
 */
export function renderServerCopy(image: string, server: string, how: "read" | "write"): Deployment {
  const scratch = renderScratchServer(image);
  const { template } = scratch.spec;
  const [container] = template.spec.containers;
  if (container === undefined) throw new TypeError("a scratch server is one container");
  const mounts = [
    { name: "data", mountPath: DATABASE_PATHS.volume, ...(how === "read" ? { readOnly: true } : {}) },
    { name: "tmp", mountPath: DATABASE_PATHS.temporary },
    ...(how === "read" ? [{ name: "admin", mountPath: DATABASE_PATHS.secrets, readOnly: true }] : []),
  ];
  const volumes = [
    { name: "data", persistentVolumeClaim: { claimName: server } },
    { name: "tmp", emptyDir: { sizeLimit: "4Gi" } },
    ...(how === "read" ? [{ name: "admin", secret: { secretName: server } }] : []),
  ];
  return {
    ...scratch,
    metadata: { ...scratch.metadata, name: SERVER_COPY_NAME },
    spec: {
      ...scratch.spec,
      template: {
        ...template,
        spec: { ...template.spec, containers: [{ ...container, name: DATABASE_CONTAINER, volumeMounts: mounts }], volumes },
      },
    },
  };
}

/** Name of the workload that is never applied. */
export const SERVER_COPY_NAME = "server-copy";
