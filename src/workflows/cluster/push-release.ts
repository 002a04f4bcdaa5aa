import type { EngineContext, Ports } from "../ports.ts";
import type { ReleaseSpec } from "../../resources/schema/release.ts";
import { pushImage, pushSite } from "../build/push-site.ts";
import { buildFromSource } from "../attest/source-place.ts";
import { exportingOnce } from "../attest/exporting-once.ts";
import { databaseRequest, type PreparedImages, prepareImages } from "../up/prepare-images.ts";
import type { LoadedSite } from "../load-site/load-site.ts";
import type { SigningKey } from "../../providers/attestation/signing-key.ts";
import { scalable } from "../../render/php/sessions.ts";
import { canonicalJson } from "../../render/rendered.ts";
import { normalRequest } from "../../catalog/image-recipes.ts";

/** What is built and lies in the registry. */
export interface PushedRelease {
  readonly images: ReleaseSpec["images"];
  readonly built: PreparedImages;
}

/**
 * Builds a site's images and brings them to its registry, with those of its servers (database, sessions, which one pod does not need but several do): a
 * cluster pulls, it does not build.
 * Errors: those of building and pushing.
 */
export async function pushRelease(
  loaded: Pick<LoadedSite, "site" | "source" | "text" | "lockFile">,
  options: { readonly to: string | undefined; readonly key: SigningKey | null; readonly version: string },
  ports: Ports,
  context: EngineContext,
): Promise<PushedRelease> {
  const { site, source, text, lockFile } = loaded;
  const { to, key, version } = options;
  const made = scalable(site);
  const build = (): Promise<PreparedImages> => prepareImages(made, source, lockFile, ports, context);
  const { place, built } = await buildFromSource(source, { signed: key !== null }, ports, build);
  const exported = exportingOnce(ports, context);
  const attach = { built: { site: made, source, text, place, images: built, version, exported }, key };
  const command = { to, tags: [] };
  const pushed = await pushSite(command, { site, place, images: built.site, attach, sessions: built.sessions }, ports, context);
  const web = pushed.find(({ repository }) => isRole(repository, "web"));
  const php = pushed.find(({ repository }) => isRole(repository, "php"));
  const sessions = pushed.find(({ repository }) => isRole(repository, "sessions"));
  if (web === undefined) throw new TypeError("a push without a web image");
  const pinned = ({ repository, digest }: { repository: string; digest: string }) => ({ reference: `${repository}@${digest}`, digest });
  const database =
    site.database === null || built.database === null
      ? undefined
      : {
          ...pinned(await pushImage(command, { site, role: "mariadb", reference: built.database, exported }, ports, context)),
          version: serverVersion(built, site.database.version),
        };
  return {
    built,
    images: {
      web: pinned(web),
      ...(php === undefined ? {} : { php: pinned(php) }),
      ...(database === undefined ? {} : { database }),
      ...(sessions === undefined ? {} : { sessions: pinned(sessions) }),
    },
  };
}

function isRole(repository: string, role: string): boolean {
  return repository.endsWith(`/${role}`) || repository.endsWith(`-${role}`);
}

/** Debian's version of the server, from the lock. */
function serverVersion({ lock }: PreparedImages, version: string): string {
  const wanted = canonicalJson(normalRequest(databaseRequest(version)));
  const pinned = lock.images.find((image) => canonicalJson(image.request) === wanted)?.packages ?? [];
  return pinned.find(({ name }) => name.startsWith("mariadb-server-core"))?.version ?? version;
}
