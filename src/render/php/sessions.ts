import type { Site } from "../../site/site.ts";
import { SESSION_CREDENTIALS, SESSION_PASSWORD_VARIABLE, SESSION_PORT, SESSION_SERVER } from "../sessions/session-server.ts";
import { PHP_PATHS } from "./entrypoint-config.ts";
import type { IniValue } from "./ini-tree.ts";

/** Where PHP keeps sessions that all pods of a site share: a volume of its own, which nginx never sees. */
export const SHARED_SESSIONS = "/var/lib/howdah/sessions";

/** PHP's extension with the handler of a session server. Debian has it for every version of PHP here. */
export const SESSION_EXTENSION = "redis";

/** True when more than one pod may answer a visitor, and when the load asks for it. */
function hasSeveralPods({ scale }: Site): boolean {
  return Math.max(scale.replicas, scale.max ?? 1) > 1;
}

/** True when a login must outlive the pod which took it, and the site file does not say where sessions are (`session.save_*`). */
function wantsSharedSessions(site: Site): boolean {
  const chosen = Object.keys(site.runtime?.ini ?? {}).some((key) => key.startsWith("session.save_"));
  return site.runtime !== null && hasSeveralPods(site) && !chosen;
}

function sharesVolume(site: Site): boolean {
  return site.code === "writable" || site.mounts.some(({ storage }) => storage === "shared");
}

/**
 * True when sessions lie on a volume that all pods share: for a site that shares a volume already. Then its cluster has a class for it, and
 * its loss would be the site's anyway (ADR 21).
 */
export function sharesSessions(site: Site): boolean {
  return wantsSharedSessions(site) && sharesVolume(site);
}

/** True when the site gets a server of its own for sessions (ADR 23): its pods share nothing else. */
export function wantsSessionServer(site: Site): boolean {
  return wantsSharedSessions(site) && !sharesVolume(site) && site.runtime?.image === null;
}

/**
 * A site as its images are made for a cluster, where several pods may be asked for at any time (`kubectl scale environment`): PHP's image then has the
 * extension for a session server, and a release names that server's, though one pod needs neither.
 */
export function scalable(site: Site): Site {
  return hasSeveralPods(site) ? site : { ...site, scale: { ...site.scale, replicas: 2 } };
}

/** True when each pod has sessions of its own though several answer: PHP's image is a foreign one, whose extensions nobody here knows. */
export function keepsSessionsApart(site: Site): boolean {
  return wantsSharedSessions(site) && !sharesVolume(site) && !wantsSessionServer(site);
}

/** Microseconds between two tries to get a session's lock. */
const LOCK_WAIT = 20_000;

/**
 * PHP's settings for where sessions are. With a server a request has its session alone, as with files: it waits for the lock as long as the
 * request before it may take, and a lock whose holder died is free after that time. `persistent`: one connection for each worker, made
 * again when the server was restarted; without, a busy pod runs out of ports (470 requests a second). One second to connect, two for an
 * answer: a page goes on without its session when the server's node is gone. Not strict: for the extension a server that is away is one that
 * doesn't know the session, so that PHP would give the visitor another cookie (5.3 to 6.2), and each restart would sign people out.
 */
export function sessionSettings(
  site: Site,
  server: boolean,
  { fpm }: { readonly fpm: { readonly requestTimeoutSeconds: number } },
): Readonly<Record<string, IniValue>> {
  if (!server) return { "session.save_path": sharesSessions(site) ? SHARED_SESSIONS : PHP_PATHS.sessions };
  const seconds = fpm.requestTimeoutSeconds + 5;
  const before = `tcp://${SESSION_SERVER}:${String(SESSION_PORT)}?persistent=1&timeout=1&read_timeout=2&${SESSION_CREDENTIALS}`;
  return {
    "session.save_handler": "redis",
    "session.save_path": { before, variable: SESSION_PASSWORD_VARIABLE },
    "redis.session.locking_enabled": true,
    "redis.session.lock_expire": seconds,
    "redis.session.lock_wait_time": LOCK_WAIT,
    "session.use_strict_mode": false,
    "redis.session.lock_retries": Math.ceil((seconds * 1_000_000) / LOCK_WAIT),
  };
}
