import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import { addressText } from "../../providers/database/external/probe-address.ts";
import { externalClientFile } from "../../providers/database/external/client-file.ts";
import { renderAccessTo } from "../../render/database/render-database-access.ts";
import { renderDatabaseWay, WAY_INSIDE, wayLabels } from "../../render/database/render-database-way.ts";
import type { Rendered } from "../../render/objects.ts";
import { canonicalJson, rendered } from "../../render/rendered.ts";
import type { EngineContext, Ports, SiteDatabase } from "../ports.ts";
import { ensureServer } from "../up/ensure-server.ts";
import type { ExternalServer } from "./database-server-document.ts";
import { administratorOf, findWriter, type FoundWriter } from "./find-writer.ts";

/** What a site's record has of a server that has no pod of the shared kind, beside its database. */
export type ExternalPlace = Pick<SiteDatabase, "client" | "behind" | "routed">;

/** Images of the way to it: nginx that passes connections on, and MariaDB's programs. */
interface WayImages {
  readonly image: string | undefined;
  readonly clientImage: string;
}

type EnsurePorts = Pick<Ports, "engine" | "databases" | "locks" | "secrets" | "probeDatabase" | "databaseServers">;

/** Makes sure that a site of this machine gets to the writer of an external server. Errors: those of `findWriter`, said before anything is made. */
export async function ensureExternal(
  { document, namespace, image, clientImage }: { readonly document: ExternalServer; readonly namespace: string } & WayImages,
  ports: EnsurePorts,
  context: EngineContext,
): Promise<ExternalPlace> {
  if (image === undefined) throw new HowdahError("bug", "There is no image of a way to an external database server");
  const found = await findWriter(document, ports);
  if (found.choice.warning !== undefined)
    context.emit({ type: "notice", level: "warning", message: `${document.name}: ${found.choice.warning}` });
  const desired = async (): Promise<readonly Rendered[]> => [
    ...(await wayTo(document, found, { image, clientImage }, ports)),
    rendered(renderAccessTo({ name: document.name, selector: wayLabels(document.name) }, namespace)),
  ];
  await ensureServer({ name: document.name, namespace, desired, isExternal: true }, ports, context);
  const kept: ExternalServer = { ...document, writer: found.choice.writer, way: { image, clientImage } };
  if (canonicalJson(kept) !== canonicalJson(document)) await ports.databaseServers.put(document.name, kept);
  return { client: WAY_INSIDE };
}

/**
 * The same on a cluster, where the operator keeps the server's Service on its writer (`src/operator/database-server/`): a site's pods need to be let out
 * to its addresses. Error: `database/no-writer` until the operator has found one.
 */
export function externalOnCluster({ name, spec, writer }: ExternalServer): ExternalPlace {
  // The writer that sites are led to stays another one while new addresses are refused.
  if (writer !== undefined) return { behind: [...new Set([...spec.external.addresses.map(addressText), writer])] };
  throw new HowdahError("database/no-writer", `The operator has found no writer of the database server ${name} yet`, {
    hint: `\`kubectl describe databaseserver ${name}\` says what each address is.`,
  });
}

/** What leads to a writer, with the Secret of its programs in place. */
export async function wayTo(
  document: ExternalServer,
  { place }: FoundWriter,
  images: { readonly image: string; readonly clientImage: string },
  ports: Pick<Ports, "engine" | "secrets">,
): Promise<readonly Rendered[]> {
  const file = externalClientFile(await administratorOf(document, ports), WAY_INSIDE);
  const secretDigest = await ports.engine.putSecret(SYSTEM_NAMESPACE, document.name, { "client.cnf": file });
  return renderDatabaseWay({ name: document.name, ...images, writer: place, secretDigest }).map((object) => rendered(object));
}
