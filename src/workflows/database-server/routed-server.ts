import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import { galeraName } from "../../render/galera/render-galera.ts";
import { galeraNodeHost } from "../../render/galera/render-router.ts";
import { DATABASE_PORT } from "../../render/database/server-options.ts";
import type { DatabaseServerDocument } from "./database-server-document.ts";

/** A server of several nodes behind routers, which the operator runs on a cluster (`src/operator/database-server/`). */
export function isRouted({ spec }: DatabaseServerDocument): boolean {
  return spec.kind === "galera" && spec.galera?.image !== undefined && spec.galera.router.image !== undefined;
}

/** Whose routers know its users, so that they have to be told of each. */
export function knowsUsers(document: DatabaseServerDocument): boolean {
  return isRouted(document) && document.spec.galera?.router.kind === "proxysql";
}

/** Where it is administered: such routers know no administrator, so it is asked at its writer, as it was found last. */
export function writerOf({ name, writer }: Pick<DatabaseServerDocument, "name" | "writer">): {
  readonly address: string;
  readonly port: number;
} {
  const nodes = galeraName(name);
  const node = writer?.startsWith(`${nodes}-`) === true ? writer : `${nodes}-0`;
  return { address: galeraNodeHost(name, node), port: DATABASE_PORT };
}

/** Where its routers are: the Service that sites connect to, which leads to the node that writes. */
export function routersOf(server: string): { readonly address: string; readonly port: number } {
  return { address: `${server}.${SYSTEM_NAMESPACE}.svc`, port: DATABASE_PORT };
}
