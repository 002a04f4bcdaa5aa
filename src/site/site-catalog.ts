import { datasetPresets } from "../catalog/dataset-presets/dataset-presets.ts";
import { mariadbVersions } from "../catalog/mariadb-versions.ts";
import { nginxModules } from "../catalog/nginx-modules.ts";
import { nodeVersions } from "../catalog/node-versions.ts";
import { extensionFor, extensionsOf, versionsWith } from "../catalog/php-extensions.ts";
import { isPhpVersion, phpReleases } from "../catalog/php-versions.ts";
import { configurationPresets } from "../catalog/presets/configuration-presets.ts";

/** What the rules and the resolver ask the catalog: narrow, so that tests can put their own in its place. */
export interface SiteCatalog {
  /** Oldest first; `secure` is false when Debian's security fixes for it have stopped. */
  readonly php: readonly { readonly version: string; readonly secure: boolean }[];
  /** Where an extension of a PHP version comes from; undefined when it has none of that name. */
  extension(php: string, name: string): "builtin" | "cli-only" | "package" | undefined;
  extensionNames(php: string): readonly string[];
  /** PHP versions that have an extension, oldest first. */
  phpWith(extension: string): readonly string[];
  readonly nginxModules: readonly string[];
  /** Oldest first. */
  readonly mariadb: readonly string[];
  /** Of build hooks, oldest first. */
  readonly node: readonly string[];
  /** Configuration files that are ready, by name. */
  readonly presets: Readonly<Record<string, { readonly content: string }>>;
  /** Rules for datasets that are ready, by name. */
  readonly datasetPresets: Readonly<Record<string, { readonly title: string }>>;
}

/** The real catalog. */
export const siteCatalog: SiteCatalog = {
  php: phpReleases.map(({ version, securityUpdates }) => ({ version, secure: securityUpdates })),
  extension: (php, name) => (isPhpVersion(php) ? extensionFor(php, name)?.kind : undefined),
  extensionNames: (php) => (isPhpVersion(php) ? extensionsOf(php) : []),
  phpWith: versionsWith,
  nginxModules: nginxModules.map((module) => module.name),
  mariadb: mariadbVersions,
  node: nodeVersions,
  presets: configurationPresets,
  datasetPresets,
};
