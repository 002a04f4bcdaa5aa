import type { DatabaseServerSpec } from "../../resources/schema/database-server.ts";

/** A database server as one machine keeps it (`<state>/database-servers/NAME.json`), and as a DatabaseServer of a cluster says it. Holds no password. */
export interface DatabaseServerDocument {
  readonly name: string;
  readonly spec: DatabaseServerSpec;
  /** The writer of an external one, as it was found last: `10.0.0.5:3306`. */
  readonly writer?: string;
  /** Images of the pod that leads sites of this machine there; left out until the first one does. */
  readonly way?: { readonly image: string; readonly clientImage: string };
}

/** One of servers that exist. */
export type ExternalServer = DatabaseServerDocument & { readonly spec: { readonly external: NonNullable<DatabaseServerSpec["external"]> } };

/** Narrows to a server of kind `external`, which always has addresses. */
export function isExternal(document: DatabaseServerDocument): document is ExternalServer {
  return document.spec.kind === "external" && document.spec.external !== undefined;
}
