import type { Site } from "../../site/site.ts";

/** Where PHP keeps sessions that all pods of a site share: a volume of its own, which nginx never sees. */
export const SHARED_SESSIONS = "/var/lib/howdah/sessions";

/** True when more than one pod may answer a visitor, and when the load asks for it. */
export function hasSeveralPods({ scale }: Site): boolean {
  return Math.max(scale.replicas, scale.max ?? 1) > 1;
}

/** True when the site file decides where sessions are. */
export function choosesSessions(site: Site): boolean {
  return Object.keys(site.runtime?.ini ?? {}).some((key) => key.startsWith("session.save_"));
}

/**
 * True when sessions lie on a volume that all pods share, so that a login outlives the pod which took it. Only for a site with several pods,
 * that shares a volume already: then its cluster has a class for it, and its loss would be the site's anyway (ADR 21).
 */
export function sharesSessions(site: Site): boolean {
  const sharesVolume = site.code === "writable" || site.mounts.some(({ storage }) => storage === "shared");
  return site.runtime !== null && hasSeveralPods(site) && sharesVolume && !choosesSessions(site);
}
