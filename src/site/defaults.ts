/** A default with its reason; `source` names the measurement or document that it comes from. */
export interface DefaultReason {
  /** The field, as in the file; `*` for any key. */
  readonly field: string;
  /** What is chosen, in words of the site file. */
  readonly value: string;
  readonly because: string;
  readonly source?: string;
}

/**
 * Every default, fixed ones (the schema holds them; a test compares) and those that depend on other fields (`resolveSite` derives
 * them with the functions below). `howdah explain` and the reference page print this table.
 */
export const defaultReasons: readonly DefaultReason[] = [
  { field: "spec.source", value: ".", because: "the site file usually lies in the site's directory" },
  {
    field: "spec.runtime.extensions",
    value: "[]",
    because: "opcache is always there (without it a page costs 3 to 4 times the CPU), and with a database mysqli and pdo_mysql",
    source: "runtime facts, section 2",
  },
  { field: "spec.runtime.ini", value: "{}", because: "the measured defaults of Howdah apply", source: "runtime facts, section 12" },
  {
    field: "spec.runtime.memoryLimit",
    value: "256M",
    because: "what large applications ask for; it bounds one request, not the container",
    source: "runtime facts, section 12",
  },
  {
    field: "spec.runtime.fpm.maxChildren",
    value: "(scale.memory - 60 MiB) / 25 MiB, 2 to 20",
    because: "a worker needs 5 to 15 MiB and uploads more; the CPU is the limit long before 20",
    source: "runtime facts, section 9.3",
  },
  {
    field: "spec.runtime.fpm.requestTimeout",
    value: "60s",
    because: "nginx waits 65 s and stopping waits 70 s, so a request ends before it is cut off",
    source: "runtime facts, sections 4 and 12",
  },
  {
    field: "spec.runtime.fpm.maxRequests",
    value: "500",
    because: "gives back what GD and Imagick keep, about 93 MiB a worker",
    source: "runtime facts, section 9.2",
  },
  { field: "spec.runtime.flavour", value: "slim", because: "without a shell an attacker finds less; `packages` switches to `shell`" },
  { field: "spec.runtime.packages", value: "[]", because: "most sites run no other programs" },
  { field: "spec.web.root", value: ".", because: "older applications serve their own directory; frameworks name `public` or `web`" },
  {
    field: "spec.web.index",
    value: "[index.php, index.html, index.htm]",
    because: "what Apache and nginx set-ups have always had; a static site has no index.php",
  },
  { field: "spec.web.locations", value: "{}", because: "files are served and scripts run where they lie" },
  { field: "spec.web.locations.*.redirect.status", value: "301", because: "most redirects of a site are for good" },
  { field: "spec.web.rewrites", value: "[]", because: "a front controller needs none" },
  { field: "spec.web.rewrites[].ifNoFile", value: "false", because: "as nginx and Apache do it" },
  { field: "spec.web.deny", value: "[]", because: "Howdah's own list (dot files, backups, dumps, composer files) applies always" },
  {
    field: "spec.web.modules",
    value: "[brotli]",
    because: "files that are compressed beforehand are served 3.5 times as fast",
    source: "runtime facts, section 7",
  },
  { field: "spec.web.healthPath", value: "/", because: "every site has a first page" },
  { field: "spec.web.maxBodySize", value: "64Mi", because: "photographs and most archives fit" },
  {
    field: "spec.web.microcache",
    value: "true",
    because: "one second of caching for anonymous visitors gives hundreds of times the requests",
    source: "runtime facts, section 6",
  },
  { field: "spec.web.microcache.bypass", value: "[]", because: "cookies tell signed-in visitors from anonymous ones already" },
  { field: "spec.database.type", value: "mariadb", because: "the only engine so far" },
  { field: "spec.database.version", value: "11.8", because: "the long-term version in Debian 13" },
  {
    field: "spec.database.server",
    value: "the default server",
    because: "or, without one, the server of its version that Howdah runs itself",
  },
  { field: "spec.database.charset", value: "utf8mb4", because: "the whole of Unicode" },
  { field: "spec.database.collation", value: "utf8mb4_unicode_ci", because: "what WordPress, Drupal and Laravel create their tables with" },
  { field: "spec.relationships", value: "{}", because: "most sites need none" },
  { field: "spec.mounts", value: "{}", because: "what a site does not write to stays read-only" },
  { field: "spec.mounts.*.storage", value: "shared", because: "losing an upload is worse than a slower cache" },
  { field: "spec.mounts.*.size", value: "1Gi", because: "enough to begin with; it can grow" },
  { field: "spec.mounts.*.seed", value: "true", because: "applications ship files in their writable directories" },
  { field: "spec.mounts.*.served", value: "true", because: "uploads are meant to be seen; PHP never runs there" },
  { field: "spec.code", value: "sealed", because: "code that can't be changed can't be infected" },
  { field: "spec.configuration", value: "{}", because: "many applications read the environment themselves" },
  { field: "spec.variables", value: "{}", because: "with a database the DB_ variables are there without being named" },
  { field: "spec.variables.*.generate.bytes", value: "32", because: "as much as a 256-bit key" },
  { field: "spec.variables.*.generate.encoding", value: "alphanumeric", because: "it needs no quoting anywhere" },
  { field: "spec.builder.node", value: "20", because: "the newest that Debian has" },
  { field: "spec.hooks.migrate.repeatable", value: "false", because: "half a migration run again can do harm that nobody sees" },
  {
    field: "spec.hooks.migrate.timeout",
    value: "1h",
    because: "tables of a few gigabytes are altered in it; one that hangs should not hang for days",
  },
  { field: "spec.hooks.migrate.dump", value: "true", because: "MariaDB can't take back a change of the schema" },
  { field: "spec.hooks.migrate.unsafe", value: "warn", because: "only you know whether the former release can do without what is dropped" },
  { field: "spec.crons", value: "{}", because: "only some applications need them" },
  { field: "spec.crons.*.timeout", value: "10m", because: "longer than most jobs take, shorter than a night" },
  { field: "spec.crons.*.timeZone", value: "spec.timeZone", because: "a site's people live in one" },
  { field: "spec.crons.*.overlap", value: "skip", because: "two of the same job at once seldom do good, and a slow one would pile up" },
  { field: "spec.crons.*.missed", value: "1h", because: "a short absence is made up; a night's job does not belong to the next noon" },
  { field: "spec.timeZone", value: "UTC", because: "it has no daylight saving time: each time comes exactly once" },
  { field: "spec.workers", value: "{}", because: "only some applications need them" },
  { field: "spec.workers.*.replicas", value: "1", because: "one is enough to begin with" },
  {
    field: "spec.hostnames",
    value: "[NAME.localhost]",
    because: "browsers and systems send *.localhost to this machine, so it works at once",
  },
  { field: "spec.tls.mode", value: "off", because: "a browser trusts localhost without; `--tls` turns it on for one run" },
  { field: "spec.scale.replicas", value: "1", because: "one machine gains nothing from more" },
  { field: "spec.scale.memory", value: "512Mi", because: "18 workers and room for an upload", source: "runtime facts, section 9.3" },
  { field: "spec.scale.idle.wakes", value: "people", because: "crawlers come every few minutes and would keep every site awake" },
  { field: "spec.rollout.strategy", value: "rolling", because: "no request is lost, and most changes get along with the former code" },
  {
    field: "spec.rollout.message",
    value: "It is being updated. Please come back in a few minutes.",
    because: "true for every update",
  },
  {
    field: "spec.rollout.timeout",
    value: "60s; 15m with an install or migrate hook",
    because: "PHP waits up to 45 s for its database and then starts within seconds; an installation may run for minutes",
  },
  { field: "spec.releases.keep", value: "10", because: "a fortnight of ordinary work; a kept release of unchanged code costs nothing" },
  { field: "spec.dataset.language", value: "en", because: "it is what most test data is in" },
  {
    field: "spec.dataset.presets",
    value: "[]",
    because: "an application's tables are known only where the file names it; `howdah init` does",
  },
  { field: "spec.dataset.tables", value: "{}", because: "presets may know them all" },
  { field: "spec.dataset.files", value: "[]", because: "presets may know them all" },
  { field: "spec.dataset.keep", value: "2", because: "the last one to go back to, and one more; those in use are kept besides" },
  {
    field: "spec.dataset.canaries",
    value: "1000",
    because: "the search takes as long for a thousand values as for ten: it reads every file once, at 560 MB a second",
    source: "copies of databases, section 4.8",
  },
  { field: "spec.environments", value: "the defaults below", because: "every site can have environments without a word about them" },
  {
    field: "spec.environments.hostname",
    value: "{environment}.{hostname}",
    because: "below localhost it works at once; for real hostnames one wildcard record is enough",
  },
  {
    field: "spec.environments.size",
    value: "small",
    because: "one person looks at it; a server with 16 MiB of pool reads through the page cache as fast as one with 256",
    source: "clones facts, section 4.2",
  },
  { field: "spec.environments.ttl", value: "7d", because: "what nobody extends after a week is forgotten" },
  { field: "spec.environments.idle", value: "30m", because: "most of them wait for somebody most of the time, and waking takes a second" },
  { field: "spec.environments.variables", value: "{}", because: "they are like production unless you say otherwise" },
  { field: "spec.environments.secrets", value: "{}", because: "production's are never used, and nobody can guess what may stand in" },
  { field: "spec.environments.allow", value: "[]", because: "a copy that calls out does to others what production would" },
  {
    field: "spec.environments.password",
    value: "false",
    because: "what they show is anonymized, and machines must reach them without one",
  },
  { field: "spec.environments.crons", value: "false", because: "they would wake it, and send what production has sent" },
  { field: "spec.environments.limit", value: "20", because: "a pipeline that forgets to delete them must not fill the machine" },
  { field: "spec.topology", value: "together", because: "a Unix socket is faster, and both always see the same code" },
];

const MIB = 1024 ** 2;

/** Seconds that new pods get to become ready: installing and migrating take minutes, starting alone does not. */
export function defaultRolloutSeconds(hooks: { readonly install: readonly unknown[]; readonly migrate: readonly unknown[] }): number {
  return hooks.install.length + hooks.migrate.length > 0 ? 900 : 60;
}

/** PHP workers for a memory limit in bytes: 60 MiB for the master, opcache and JIT, 25 MiB a worker, 2 to 20 (runtime facts, 9.3). */
export function defaultMaxChildren(memoryBytes: number): number {
  return Math.min(20, Math.max(2, Math.floor((memoryBytes - 60 * MIB) / (25 * MIB))));
}

/** Index files in order; nginx alone would hand out the source of an index.php. */
export function defaultIndex(hasPhp: boolean): readonly string[] {
  return hasPhp ? ["index.php", "index.html", "index.htm"] : ["index.html", "index.htm"];
}

/** A hostname that works on this machine at once; other environments have their own. */
export function defaultHostnames(name: string, environment: string): readonly string[] {
  return [environment === "production" ? `${name}.localhost` : `${environment}.${name}.localhost`];
}

/** What every site gets: opcache, and with a database both ways to reach it (the entrypoint needs one, applications either). */
export function alwaysExtensions(hasDatabase: boolean): readonly string[] {
  return hasDatabase ? ["mysqli", "opcache", "pdo_mysql"] : ["opcache"];
}

/** What the environment of a site with a database always has. */
export const databaseVariables = {
  DB_HOST: "host",
  DB_PORT: "port",
  DB_NAME: "name",
  DB_USER: "user",
  DB_PASSWORD: "password",
} as const;
