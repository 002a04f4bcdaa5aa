import type { Container } from "../objects.ts";
import { SEALED } from "../sealed.ts";
import { DATABASE_CONTAINER } from "./database-name.ts";
import { DATABASE_PATHS, DATABASE_PORT } from "./server-options.ts";

/** What every container of a MariaDB of ours has: the entrypoint, and the places that it knows. How one finds out that it serves is each one's own. */
export function databaseContainer(
  image: string,
  memoryBytes: number,
  probes: Pick<Container, "startupProbe" | "readinessProbe">,
): Container {
  return {
    name: DATABASE_CONTAINER,
    image,
    command: [DATABASE_PATHS.entrypoint],
    env: [],
    ports: [{ name: "mysql", containerPort: DATABASE_PORT }],
    volumeMounts: [
      { name: "data", mountPath: DATABASE_PATHS.volume },
      { name: "config", mountPath: DATABASE_PATHS.config, readOnly: true },
      { name: "admin", mountPath: DATABASE_PATHS.secrets, readOnly: true },
      { name: "run", mountPath: DATABASE_PATHS.run },
      { name: "tmp", mountPath: DATABASE_PATHS.temporary },
    ],
    resources: { limits: { memory: String(memoryBytes) } },
    securityContext: SEALED,
    ...probes,
    stopSignal: "SIGTERM",
  };
}
