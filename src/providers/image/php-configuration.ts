import type { PhpVersion } from "../../catalog/php-versions.ts";
import type { ImageTree } from "./image-tree.ts";

/** An extension's .ini file: its name without `.ini`, and where it comes in load order. */
export interface ExtensionIni {
  readonly name: string;
  readonly priority: number;
}

/** The load order that a Debian package asks for in its .ini file (`; priority=15`); 20 when it says nothing. */
export function iniPriority(text: string): number {
  return Number(/^\s*;.*\bpriority\s*=\s*(\d{1,2})\b/im.exec(text)?.[1] ?? 20);
}

/** Names of conf.d links in load order: `10-mysqlnd.ini`, `15-xml.ini`, `20-mysqli.ini`. */
export function confdNames(extensions: readonly ExtensionIni[]): readonly string[] {
  return extensions.map(({ name, priority }) => `${String(priority).padStart(2, "0")}-${name}.ini`).sort();
}

/**
 * Writes what the packages' scripts would have written: php.ini of both programs from Debian's production template, every extension of the
 * installed packages switched on for both, in the right order, and names without a version for the programs.
 */
export async function configurePhp(tree: ImageTree, version: PhpVersion): Promise<void> {
  const etc = `etc/php/${version}`;
  const extensions = await collectExtensions(tree, version);
  for (const program of ["cli", "fpm"]) {
    if (program === "fpm" && tree.get(`usr/sbin/php-fpm${version}`) === undefined) continue;
    const template = tree.get(`usr/lib/php/${version}/php.ini-production${program === "cli" ? ".cli" : ""}`);
    if (template?.type === "file") tree.set(`${etc}/${program}/php.ini`, template);
    for (const name of confdNames(extensions)) {
      tree.link(`${etc}/${program}/conf.d/${name}`, `/${etc}/mods-available/${name.replace(/^\d+-/, "")}`);
    }
  }
  const links: readonly (readonly [string, string])[] = [
    ["usr/bin/php", `usr/bin/php${version}`],
    ["usr/bin/phar", `usr/bin/phar.phar${version}`],
    ["usr/sbin/php-fpm", `usr/sbin/php-fpm${version}`],
  ];
  for (const [link, target] of links) if (tree.get(target) !== undefined) tree.link(link, target.slice(target.lastIndexOf("/") + 1));
  for (const path of tree.paths()) if (path.startsWith(`usr/lib/php/${version}/php.ini-`)) tree.delete(path);
}

async function collectExtensions(tree: ImageTree, version: PhpVersion): Promise<readonly ExtensionIni[]> {
  const found = new Map<string, ExtensionIni>();
  const shipped = new RegExp(`^usr/share/php${version.replace(".", "\\.")}-[^/]+/[^/]+/([^/]+)\\.ini$`);
  const available = new RegExp(`^etc/php/${version.replace(".", "\\.")}/mods-available/([^/]+)\\.ini$`);
  for (const path of tree.paths()) {
    const name = shipped.exec(path)?.[1] ?? available.exec(path)?.[1];
    const entry = tree.get(path);
    if (name === undefined || entry?.type !== "file") continue;
    if (shipped.test(path)) {
      tree.set(`etc/php/${version}/mods-available/${name}.ini`, entry);
      tree.delete(path);
    }
    found.set(name, { name, priority: iniPriority((await tree.read(entry)).toString("utf8")) });
  }
  return [...found.values()];
}
