import type { SiteImages } from "../../providers/image-builder.ts";
import { emptyLock } from "../../providers/image-lock.ts";
import { databaseServerName } from "../../render/database/database-name.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { wantsSessionServer } from "../../render/php/sessions.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import type { Release } from "../release/release.ts";
import { checkFormer } from "./check-former.ts";
import { requireFreeHostnames } from "./check-machine.ts";
import { prepareDatabase } from "./prepare-database.ts";
import { type PreparedBases, prepareBases } from "./prepare-images.ts";
import { requireSecrets } from "./prepare-secrets.ts";
import { assemble, type Prepared } from "./prepare-site.ts";
import type { Stage } from "./stages.ts";
import type { UpRequest } from "./up.ts";

/** A release that serves on this machine, with what its site's record knows of its code. */
export interface KnownRelease {
  readonly release: Release;
  readonly record: Pick<SiteRecord, "watched">;
}

/**
 * Prepares an environment of images that are there, those of a release of its site: nothing is built, pulled or looked up in a lock, and the machine was
 * checked when that release came into service. What is left is a network, a database server and secrets of its own.
 */
export async function prepareFromRelease(
  request: UpRequest,
  { release, record }: KnownRelease,
  stage: Stage,
  ports: Ports,
  context: EngineContext,
): Promise<Prepared> {
  const { site } = request;
  const namespace = site.name;
  const former = await checkFormer(site, request.file, { adopt: request.adopt }, ports);
  const facts = await stage("network", "Network", async () => {
    await requireSecrets(site, namespace, ports);
    await requireFreeHostnames(site, ports);
    return await ports.engine.prepare(namespace, context);
  });
  const bases = await basesOf(request, release, ports, context);
  const database = site.database === null ? null : await prepareDatabase(site, { ...bases, namespace }, ports, context);
  return await assemble(request, { former, bases, images: imagesOf(release, record), git: release.git, facts, database }, ports);
}

function imagesOf({ images: { web, php }, codeDigest }: Release, { watched }: Pick<SiteRecord, "watched">): SiteImages {
  const found = { sizeBytes: 0, built: false };
  return {
    ...{ web: { ...web, ...found }, php: php === null ? null : { ...php, ...found } },
    ...{ codeDigest, watched, files: 0, skippedLinks: [] },
  };
}

/** The site's database server, when it runs here, has brought the image; else it is built from the lock. */
async function basesOf({ site, lockFile }: UpRequest, release: Release, ports: Ports, context: EngineContext): Promise<PreparedBases> {
  const shared = site.database === null ? undefined : await ports.sharedImages.get(databaseServerName(site.database.version));
  if (site.database !== null && shared === undefined) return await prepareBases(site, lockFile, ports, context);
  const { web, php } = release.input.images;
  if (site.runtime !== null && php === null) throw new HowdahError("bug", `${release.id} has no image of PHP`);
  // With one pod there is nothing to share sessions with, whatever the site has.
  const sessions = wantsSessionServer(site) ? (release.input.sessions?.image ?? null) : null;
  return { lock: emptyLock, web, php, edge: "", database: shared?.reference ?? null, sessions };
}
