import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import { DATABASE_PORT } from "../../render/database/server-options.ts";
import type { DatabaseServerDocument } from "./database-server-document.ts";

/** A server of several nodes behind routers, which the operator runs on a cluster (`src/operator/database-server/`). */
export function isRouted({ spec }: DatabaseServerDocument): boolean {
  return (
    spec.kind === "galera" &&
    spec.galera?.image !== undefined &&
    spec.galera.router.kind === "haproxy" &&
    spec.galera.router.image !== undefined
  );
}

/** Where its routers are: the Service that sites connect to, which leads to the node that writes. */
export function routersOf(server: string): { readonly address: string; readonly port: number } {
  return { address: `${server}.${SYSTEM_NAMESPACE}.svc`, port: DATABASE_PORT };
}
