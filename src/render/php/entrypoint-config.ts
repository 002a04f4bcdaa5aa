import { CODE_ROOT } from "../../kernel/label.ts";
import { MAIL_PORTS } from "../../site/environment-mail.ts";
import type { HookStep, Site } from "../../site/site.ts";
import { catchesMail, MAIL_PATHS } from "../mail/caught-mail.ts";

/** Where the files of one PHP container lie. The pod mounts the configuration directory, the image carries the others. */
export const PHP_PATHS = {
  configuration: "/etc/howdah",
  entrypointConfig: "/etc/howdah/entrypoint.json",
  fpmConfig: "/etc/howdah/php-fpm.conf",
  ini: "/etc/howdah/php.ini",
  program: "/usr/lib/howdah/entrypoint.php",
  fpm: "/usr/sbin/php-fpm",
  /** What a sealed image has at each mount's path: a volume hides it there. */
  mountSeeds: "/usr/share/howdah/seed",
  /** The whole tree of a site with `code: writable`, whose volume hides it at the code root. */
  codeSeed: "/usr/share/howdah/code",
  sockets: "/run/php",
  fpmSocket: "/run/php/fpm.sock",
  statusSocket: "/run/php/status.sock",
  sessions: "/tmp/sessions",
  /** Compiled code, kept by the machine and mounted read-only. */
  primedOpcache: "/usr/share/howdah/opcache",
  /** opcache's directory of compiled code: PHP wants it writable, so it holds links to what was primed. */
  opcache: "/run/opcache",
  statusPath: "/-/fpm-status",
  pingPath: "/-/fpm-ping",
} as const;

/** Environment of every PHP process: the default directories first, then ours, so that our settings win over the image's. */
export const PHP_ENVIRONMENT: Readonly<Record<string, string>> = { PHP_INI_SCAN_DIR: `:${PHP_PATHS.configuration}` };

/** What src/entrypoint/php reads. Both sides change together; `schema` guards an image that is older than its configuration. */
export interface EntrypointConfig {
  readonly schema: 2;
  /** The code root. */
  readonly root: string;
  /** Made at each start: they lie on memory file systems. */
  readonly directories: readonly string[];
  /** The sealed tree that a writable code volume is filled and updated from. */
  readonly codeSeed: string | null;
  /** Identity of that tree: the volume is merged once for each. Null without one: a sealed site's file is the same for each release. */
  readonly codeRelease: string | null;
  readonly mounts: readonly { readonly path: string; readonly target: string; readonly seed: string | null }[];
  /** Without a database: the volume that remembers what was installed; null when nothing outlives the container. */
  readonly ledgerMount: string | null;
  readonly database: { readonly waitSeconds: number } | null;
  readonly hooks: { readonly install: readonly HookStep[]; readonly migrate: readonly HookStep[] };
  readonly migration: {
    /** What it runs once for: the identity of its inputs. HOWDAH_RELEASE in the environment wins. */
    readonly step: string;
    /** One that was cut off may run again from its beginning. */
    readonly repeatable: boolean;
    /**
     * `rollout`: a command dumps the database and has it run before pods start, so a start finds it done or refuses, but for one on a database
     * that no migration has run on yet (a first installation, an import). `start`: each start sees to it, as there is no database to dump.
     */
    readonly by: "rollout" | "start";
  };
  /** Where the machine mounts compiled code and where the server looks for it; null when it must compile by itself. */
  readonly opcache: { readonly primed: string; readonly directory: string } | null;
  /** Of an environment: where its mails are kept, and on which ports of the loopback it takes them. */
  readonly mail?: { readonly directory: string; readonly ports: readonly number[] };
  /** argv of the server. */
  readonly server: readonly string[];
  /** Where `health` asks. */
  readonly status: { readonly address: string; readonly path: string };
}

/** R-C2: they gave up after 45 s with a clear message. */
const WAIT_SECONDS = 45;

/** What the PHP container is told of its release: identities of the migration's inputs and of the code. */
export interface ReleaseIdentity {
  readonly migration: string;
  readonly code: string;
  /** Each start sees to the migration, also with a database. */
  readonly atStart?: boolean;
}

/** What the PHP container does before it serves, from the site. */
export function entrypointConfig(site: Site, release: ReleaseIdentity): EntrypointConfig {
  const writable = site.code === "writable";
  const seeds = writable ? PHP_PATHS.codeSeed : PHP_PATHS.mountSeeds;
  return {
    schema: 2,
    root: CODE_ROOT,
    directories: [PHP_PATHS.sockets, PHP_PATHS.sessions],
    codeSeed: writable ? PHP_PATHS.codeSeed : null,
    codeRelease: writable ? release.code : null,
    mounts: site.mounts.map(({ path, seed }) => ({ path, target: `${CODE_ROOT}/${path}`, seed: seed ? `${seeds}/${path}` : null })),
    ledgerMount: ledgerMount(site),
    database: site.database === null ? null : { waitSeconds: WAIT_SECONDS },
    hooks: { install: site.hooks.install, migrate: site.hooks.migrate },
    migration: {
      step: release.migration,
      repeatable: site.migration.repeatable,
      by: site.database === null || release.atStart === true ? "start" : "rollout",
    },
    opcache: usesPrimedOpcache(site) ? { primed: PHP_PATHS.primedOpcache, directory: PHP_PATHS.opcache } : null,
    ...(catchesMail(site) ? { mail: { directory: MAIL_PATHS.directory, ports: MAIL_PORTS } } : {}),
    server: [PHP_PATHS.fpm, "-F", "-O", "-y", PHP_PATHS.fpmConfig],
    status: { address: `unix://${PHP_PATHS.statusSocket}`, path: PHP_PATHS.pingPath },
  };
}

/**
 * True when the machine keeps compiled code for the site's next starts. Not for code on a volume, which is another path and can change; nor
 * when the site file says how opcache works: code from the file cache is never compiled just in time (measured on 8.4), so whoever asks for
 * the JIT gets the JIT.
 */
export function usesPrimedOpcache(site: Site): boolean {
  const own = Object.keys(site.runtime?.ini ?? {});
  const decided = ["opcache.enable", "opcache.file_cache", "opcache.file_cache_only", "opcache.jit"];
  return site.runtime !== null && site.code === "sealed" && !own.some((key) => decided.includes(key));
}

/** The code volume, else the first shared mount by path: its choice must not change when mounts are listed in another order. */
function ledgerMount(site: Site): string | null {
  if (site.code === "writable") return CODE_ROOT;
  const shared = site.mounts
    .filter((mount) => mount.storage === "shared")
    .map((mount) => mount.path)
    .sort();
  return shared[0] === undefined ? null : `${CODE_ROOT}/${shared[0]}`;
}

/** The text of /etc/howdah/entrypoint.json. */
export function renderEntrypointConfig(site: Site, release: ReleaseIdentity): string {
  return `${JSON.stringify(entrypointConfig(site, release), null, 2)}\n`;
}
