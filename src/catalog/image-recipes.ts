import { unreachable } from "../kernel/unreachable.ts";
import { absentPackages } from "./absent-packages.ts";
import type { Suite } from "./debian-suites.ts";
import { type GaleraVersion, type MariadbVersion, mariadbSuite } from "./mariadb-versions.ts";
import { nginxModulesFor } from "./nginx-modules.ts";
import { type NodeVersion, nodeSuite } from "./node-versions.ts";
import { extensionFor } from "./php-extensions.ts";
import { type PhpVersion, phpRelease } from "./php-versions.ts";

/** A base image that Howdah can make, as plain data. Lists may come in any order. */
export type BaseRequest =
  /** FPM and CLI with Howdah's entrypoint. `packages` are Debian packages with programs the site runs; they imply a shell. */
  | {
      readonly kind: "php";
      readonly version: PhpVersion;
      readonly extensions: readonly string[];
      readonly flavour: "slim" | "shell";
      readonly packages: readonly string[];
    }
  | { readonly kind: "nginx"; readonly modules: readonly string[] }
  /** Server, client, dump and what initialising a data directory needs, a small shell included. */
  | { readonly kind: "mariadb"; readonly version: MariadbVersion }
  /** The same with mariadb-backup, which copies a whole server while it serves: it runs beside the server, whose own image has no use for it. */
  | { readonly kind: "mariadb-backup"; readonly version: MariadbVersion }
  /** The same for one of several nodes: with Galera's library, what copies a node's data to another, and the shell tools those scripts need. */
  | { readonly kind: "galera"; readonly version: GaleraVersion }
  /** Server of PHP's sessions with its command-line client, no shell. One version for all sites: PHP's extension speaks to any. */
  | { readonly kind: "valkey" }
  /** What leads sites to the one of several database nodes that writes; no shell. One version for all. */
  | { readonly kind: "haproxy" }
  /** Runs build hooks: PHP's command line with the site's extensions, composer, a shell. */
  | {
      readonly kind: "php-builder";
      readonly version: PhpVersion;
      readonly extensions: readonly string[];
      readonly packages: readonly string[];
    }
  /** Runs build hooks: node and npm, a shell. */
  | { readonly kind: "node-builder"; readonly version: NodeVersion }
  /** rsync and nothing else, no shell: what brings data into a volume of a cluster. */
  | { readonly kind: "data-mover" }
  /** What Node needs, restic for the Jobs of backups, and nothing else, no shell: the operator's program is put on it. */
  | { readonly kind: "operator" }
  /** What Node needs, and what makes and mounts file systems, no shell: the storage driver of a node is put on it. */
  | { readonly kind: "storage" };

/** How a request is made from packages. */
export interface Recipe {
  readonly suite: Suite;
  /** Debian packages to install, sorted. */
  readonly install: readonly string[];
  /** Debian packages that are taken to be there already. */
  readonly absent: readonly string[];
  /** busybox provides a shell and what no package brings. */
  readonly busybox: boolean;
  /** Keep Perl's libraries, which are left out elsewhere. */
  readonly perl: boolean;
}

/** What every image with PHP has: certificates and time zones for its own code, character sets for iconv, types for downloads, the C.UTF-8 locale. */
const phpCommon = ["ca-certificates", "libc-bin", "media-types", "tzdata"];

/** The same request always in the same form: the identity of locks and images. Unknown extensions stay, so that they are reported. */
export function normalRequest(request: BaseRequest): BaseRequest {
  switch (request.kind) {
    case "php": {
      const packages = unique(request.packages);
      const flavour = packages.length > 0 ? "shell" : request.flavour;
      return { kind: "php", version: request.version, extensions: unique(request.extensions), flavour, packages };
    }
    case "nginx":
      return { kind: "nginx", modules: unique(request.modules) };
    case "php-builder":
      return {
        kind: "php-builder",
        version: request.version,
        extensions: unique(request.extensions),
        packages: unique(request.packages),
      };
    case "mariadb":
      return { kind: "mariadb", version: request.version };
    case "mariadb-backup":
      return { kind: "mariadb-backup", version: request.version };
    case "galera":
      return { kind: "galera", version: request.version };
    case "valkey":
      return { kind: "valkey" };
    case "haproxy":
      return { kind: "haproxy" };
    case "node-builder":
      return { kind: "node-builder", version: request.version };
    case "data-mover":
      return { kind: "data-mover" };
    case "operator":
      return { kind: "operator" };
    case "storage":
      return { kind: "storage" };
    default:
      return unreachable(request);
  }
}

/** The packages of a request. Extensions that the version does not have are left out: `unknownExtensions` names them. */
export function recipeFor(request: BaseRequest): Recipe {
  switch (request.kind) {
    case "php": {
      const shell = request.flavour === "shell" || request.packages.length > 0;
      const install = [
        ...phpPackages(request.version, request.extensions, ["cli", "fpm"]),
        ...(shell ? ["busybox-static", "dash"] : []),
        ...request.packages,
      ];
      return recipe(phpRelease(request.version).suite, install, request.packages.length > 0 ? "with-tools" : "slim", request.packages);
    }
    case "nginx": {
      const modules = nginxModulesFor(request.modules);
      const perl = modules.some((module) => module.name === "perl");
      const install = ["nginx", "ca-certificates", ...modules.flatMap((module) => module.packages)];
      return { ...recipe("trixie", install, perl ? "with-tools" : "slim", []), perl };
    }
    case "mariadb":
      return recipe(mariadbSuite(request.version), mariadbPackages(request.version), "slim", []);
    case "mariadb-backup":
      return recipe(mariadbSuite(request.version), [...mariadbPackages(request.version), "mariadb-backup"], "slim", []);
    case "galera":
      return recipe(mariadbSuite(request.version), galeraPackages, "slim", []);
    case "valkey":
      return recipe("trixie", ["valkey-server"], "slim", []);
    case "haproxy":
      return recipe("trixie", ["haproxy"], "slim", []);
    case "php-builder": {
      const extensions = [...request.extensions, "curl", "mbstring", "xml", "zip"];
      const install = [...phpPackages(request.version, extensions, ["cli"]), "composer", ...shellTools, ...request.packages];
      return recipe(phpRelease(request.version).suite, install, "with-tools", request.packages);
    }
    case "node-builder":
      return recipe(nodeSuite(request.version), ["ca-certificates", "nodejs", "npm", ...shellTools], "with-tools", []);
    case "data-mover":
      return recipe("trixie", ["rsync"], "slim", []);
    case "operator":
      return recipe("trixie", ["ca-certificates", "libc6", "libstdc++6", "restic", "tzdata"], "slim", []);
    case "storage":
      return recipe("trixie", ["btrfs-progs", "coreutils", "e2fsprogs", "libc6", "libstdc++6", "mount", "xfsprogs"], "slim", []);
    default:
      return unreachable(request);
  }
}

/** Extensions of a request that its PHP version does not have, sorted. */
export function unknownExtensions(request: BaseRequest): readonly string[] {
  if (request.kind !== "php" && request.kind !== "php-builder") return [];
  return unique(request.extensions).filter((name) => extensionFor(request.version, name) === undefined);
}

function mariadbPackages(version: MariadbVersion): readonly string[] {
  const suffix = mariadbSuite(version) === "bullseye" ? "-10.5" : "";
  return [`mariadb-server-core${suffix}`, `mariadb-client${suffix}`, "busybox-static", "tzdata"];
}

/** Debian's state transfer scripts are bash and take the real tools for granted: `ps -p`, `mktemp --tmpdir`, and lsof to see a port open. */
const galeraPackages = [
  ...["bash", "busybox-static", "coreutils", "findutils", "grep", "lsof", "mawk", "procps", "sed"],
  ...["galera-4", "mariadb-backup", "mariadb-client", "mariadb-server", "rsync", "socat", "tzdata"],
];

const shellTools = ["bash", "busybox-static", "coreutils", "dash", "findutils", "grep", "patch", "sed", "tar", "unzip"];

function phpPackages(version: PhpVersion, extensions: readonly string[], programs: readonly string[]): string[] {
  const fromExtensions = extensions.flatMap((name) => {
    const source = extensionFor(version, name);
    return source?.kind === "package" ? [source.package] : [];
  });
  return [...phpCommon, ...programs.map((program) => `php${version}-${program}`), ...fromExtensions];
}

function recipe(suite: Suite, install: readonly string[], kind: "slim" | "with-tools", wanted: readonly string[]): Recipe {
  const names = unique(install);
  return {
    suite,
    install: names,
    absent: absentPackages(kind, [...wanted, ...names]),
    busybox: names.includes("busybox-static"),
    perl: kind === "with-tools",
  };
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}
