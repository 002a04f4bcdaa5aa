import { type PhpVersion, phpVersions } from "./php-versions.ts";

/**
 * Where an extension comes from: `builtin` in every PHP here, `cli-only` in the command line program but not in FPM
 * (Debian builds pcntl so), or a Debian package.
 */
export type ExtensionSource =
  | { readonly kind: "builtin" }
  | { readonly kind: "cli-only" }
  | { readonly kind: "package"; readonly package: string };

/** Verified against the packages of each suite (every .ini below mods-available or /usr/share/phpX.Y-NAME). */
const all: readonly PhpVersion[] = phpVersions;
const since82: readonly PhpVersion[] = ["8.2", "8.4"];

/** Names as `php -m` prints them, in lower case. */
const builtin: readonly string[] =
  "core date filter hash json libxml openssl pcre random reflection session sodium spl standard zlib".split(" ");

/** Packages `phpX.Y-NAME` that carry several extensions, or one of another name. */
const bundles: Readonly<Record<string, string>> = {
  common: "calendar ctype exif ffi fileinfo ftp gettext iconv pdo phar posix shmop sockets sysvmsg sysvsem sysvshm tokenizer",
  xml: "dom simplexml xml xmlreader xmlwriter xsl",
  mysql: "mysqli mysqlnd pdo_mysql",
  pgsql: "pgsql pdo_pgsql",
  sqlite3: "sqlite3 pdo_sqlite",
  odbc: "odbc pdo_odbc",
  sybase: "pdo_dblib",
  interbase: "pdo_firebird",
};

/** Extensions of PHP itself with a package of their own name, in every version. */
const ofPhp = "bcmath bz2 curl dba enchant gd gmp intl ldap mbstring opcache pspell readline snmp soap tidy zip".split(" ");

/** Extensions of PECL in every suite: `php-NAME` in bullseye, `phpX.Y-NAME` since. */
const ofPecl = (
  "amqp apcu ast ds gearman gmagick gnupg http igbinary imagick mailparse memcache memcached mongodb msgpack oauth pcov ps psr raphf redis " +
  "rrd solr ssh2 stomp uopz uploadprogress uuid xdebug yac yaml zmq"
).split(" ");

/** Extensions of PECL that Debian packages without a version in the name. */
const unversioned = "geos luasandbox remctl wikidiff2 wmerrors".split(" ");

/** Extensions that only some versions have, with the package's name (`{v}` stands for the version). */
const some: readonly { readonly name: string; readonly package: string; readonly versions: readonly PhpVersion[] }[] = [
  { name: "imap", package: "php{v}-imap", versions: ["7.4", "8.2"] },
  { name: "xmlrpc", package: "php{v}-xmlrpc", versions: all },
  { name: "excimer", package: "php-excimer", versions: ["7.4", "8.2"] },
  { name: "excimer", package: "php8.4-excimer", versions: ["8.4"] },
  { name: "json", package: "php7.4-json", versions: ["7.4"] },
  { name: "apc", package: "php-apcu-bc", versions: ["7.4"] },
  { name: "geoip", package: "php-geoip", versions: ["7.4"] },
  { name: "lua", package: "php-lua", versions: ["7.4"] },
  { name: "propro", package: "php-propro", versions: ["7.4"] },
  { name: "radius", package: "php-radius", versions: ["7.4"] },
  { name: "sass", package: "php-sass", versions: ["7.4"] },
  { name: "pinba", package: "php-pinba", versions: ["7.4"] },
  { name: "pinba", package: "php8.2-pinba", versions: ["8.2"] },
  { name: "tideways_xhprof", package: "php-tideways", versions: ["7.4"] },
  { name: "tideways_xhprof", package: "php8.2-tideways", versions: ["8.2"] },
  { name: "horde_lz4", package: "php-horde-lz4", versions: ["7.4", "8.2"] },
  { name: "maxminddb", package: "php{v}-maxminddb", versions: since82 },
  { name: "mcrypt", package: "php{v}-mcrypt", versions: since82 },
  { name: "inotify", package: "php8.4-inotify", versions: ["8.4"] },
  { name: "pq", package: "php8.4-pq", versions: ["8.4"] },
  { name: "smbclient", package: "php8.4-smbclient", versions: ["8.4"] },
  { name: "zstd", package: "php8.4-zstd", versions: ["8.4"] },
];

/** What people write for an extension that `php -m` calls otherwise. */
const aliases: Readonly<Record<string, string>> = {
  "zend-opcache": "opcache",
  zend_opcache: "opcache",
  "zend opcache": "opcache",
  mysql: "mysqli",
  sqlite: "sqlite3",
  apcu_bc: "apc",
  libsodium: "sodium",
  tideways: "tideways_xhprof",
};

/** The one name of an extension: lower case, without composer's `ext-`, as `php -m` says it (`Zend OPcache` is opcache). */
export function canonicalExtension(name: string): string {
  const plain = name.trim().toLowerCase().replace(/^ext-/, "");
  return aliases[plain] ?? plain.replaceAll("-", "_");
}

const tables: ReadonlyMap<PhpVersion, ReadonlyMap<string, ExtensionSource>> = new Map(all.map((version) => [version, tableOf(version)]));

function tableOf(version: PhpVersion): ReadonlyMap<string, ExtensionSource> {
  const table = new Map<string, ExtensionSource>();
  const add = (name: string, pattern: string): void => {
    table.set(name, { kind: "package", package: pattern.replace("{v}", version) });
  };
  for (const name of builtin) if (!(version === "7.4" && name === "random")) table.set(name, { kind: "builtin" });
  table.set("pcntl", { kind: "cli-only" });
  for (const [bundle, names] of Object.entries(bundles)) for (const name of names.split(" ")) add(name, `php{v}-${bundle}`);
  for (const name of ofPhp) add(name, `php{v}-${name}`);
  for (const name of ofPecl) add(name, version === "7.4" ? `php-${name}` : `php{v}-${name}`);
  for (const name of unversioned) add(name, `php-${name}`);
  for (const entry of some) if (entry.versions.includes(version)) add(entry.name, entry.package);
  return table;
}

/** Where an extension of a PHP version comes from; undefined when that version has no such extension. Takes any spelling. */
export function extensionFor(version: PhpVersion, name: string): ExtensionSource | undefined {
  return tables.get(version)?.get(canonicalExtension(name));
}

/** Every extension a version can have, sorted. */
export function extensionsOf(version: PhpVersion): readonly string[] {
  return [...(tables.get(version)?.keys() ?? [])].sort();
}

/** The versions that have an extension, oldest first: the hint for someone who chose another one. */
export function versionsWith(name: string): readonly PhpVersion[] {
  return all.filter((version) => extensionFor(version, name) !== undefined);
}
