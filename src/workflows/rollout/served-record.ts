import type { SiteRecord } from "../ports.ts";
import type { Release } from "../release/release.ts";

/** A site's record from the moment on at which a release has answered visitors. */
export function servedRecord(wanted: SiteRecord, release: Pick<Release, "id" | "when">): SiteRecord {
  const { web, php } = wanted.images;
  const images = [web, ...(php === null ? [] : [php])];
  return { ...wanted, serving: { releaseId: wanted.releaseId, images, since: release.when, release: release.id }, credentialsShown: true };
}
