import { joinPath, type Survey } from "./survey.ts";

/** One thing that a file about servers or containers says about the place the site wants. */
export interface ServerHint {
  readonly kind: "web-root" | "php" | "php-constraint" | "extension" | "volume" | "package" | "database";
  readonly value: string;
  readonly file: string;
  readonly line: number;
  /** The words that say so, short: `DocumentRoot`, `FROM php:8.2-fpm`. */
  readonly words: string;
}

interface Reading {
  readonly name: RegExp;
  readonly rules: readonly { readonly kind: ServerHint["kind"]; readonly pattern: RegExp; readonly split?: boolean }[];
}

const docker = [
  { kind: "php", pattern: /^\s*FROM\s+\S*php:(\d\.\d)[^\s]*/gim },
  { kind: "extension", pattern: /(?:docker-php-ext-install|install-php-extensions)\s+((?:\\\r?\n|[^&|;\n])+)/g, split: true },
  { kind: "extension", pattern: /docker-php-ext-enable\s+((?:\\\r?\n|[^&|;\n])+)/g, split: true },
  { kind: "volume", pattern: /^\s*VOLUME\s+(.+)$/gim, split: true },
  { kind: "volume", pattern: /chown\s+(?:-R\s+|--recursive\s+)?[\w-]*www-data(?::[\w-]+)?\s+((?:\\\r?\n|[^&|;\n])+)/g, split: true },
  { kind: "web-root", pattern: /APACHE_DOCUMENT_ROOT[=\s]+["']?([\w./-]+)/g },
] as const;

const readings: readonly Reading[] = [
  { name: /(^|\/)(Dockerfile|Containerfile)(\.[\w-]+)?$|\.dockerfile$/i, rules: docker },
  {
    name: /(^|\/)(docker-)?compose[\w.-]*\.ya?ml$/i,
    rules: [
      { kind: "php", pattern: /image:\s*["']?\S*php:(\d\.\d)/g },
      { kind: "volume", pattern: /^\s*-\s*["']?[\w./${}-]+:(\/[\w./-]+)/gm },
      { kind: "database", pattern: /image:\s*["']?(?:\S*\/)?(mysql|mariadb|postgres|percona)\b/g },
      { kind: "web-root", pattern: /(?:APACHE_DOCUMENT_ROOT|WEB_DOCUMENT_ROOT|DOCUMENT_ROOT|WEBROOT)["']?[=:]\s*["']?([\w./-]+)/g },
    ],
  },
  {
    name: /(^|\/)\.ddev\/config\.ya?ml$/,
    rules: [
      { kind: "web-root", pattern: /^docroot:\s*["']?([\w./-]+)/gm },
      { kind: "php", pattern: /^php_version:\s*["']?(\d\.\d)/gm },
    ],
  },
  {
    name: /(^|\/)(\.platform\.app\.yaml|\.upsun\/config\.yaml|\.lando(\.base)?\.yml|\.lagoon\.yml)$/,
    rules: [
      { kind: "web-root", pattern: /^\s*(?:root|webroot):\s*["']?([\w./-]+)/gm },
      { kind: "php", pattern: /(?:type:\s*["']?php:|php:\s*["']?)(\d\.\d)/g },
    ],
  },
  {
    name: /(^|\/)(nginx[\w.-]*|[\w.-]*nginx[\w.-]*)\.(conf|conf\.\w+|example|dist|sample|tpl)$|(^|\/)nginx\/[\w./-]+$|(^|\/)conf\.d\/[\w.-]+\.conf$/i,
    rules: [{ kind: "web-root", pattern: /^\s*root\s+["']?([\w./${}-]+)["']?;/gm }],
  },
  {
    name: /(apache|httpd|vhost|lighttpd)[\w.-]*(\.conf|\.conf\.\w+)?$|(^|\/)(apache2?|httpd|sites-available|lighttpd)\/[\w./-]+$/i,
    rules: [
      { kind: "web-root", pattern: /^\s*DocumentRoot\s+["']?([\w./${}-]+)/gm },
      { kind: "web-root", pattern: /^\s*Alias\s+\S+\s+["']?([\w./${}-]+)/gm },
    ],
  },
  {
    name: /(^|\/)Procfile$/,
    rules: [{ kind: "web-root", pattern: /^web:.*(?:heroku-php-\w+|vendor\/bin\/heroku-php-\w+)(?:\s+-\S+\s+\S+)*\s+([\w./-]+)\/?\s*$/gm }],
  },
  { name: /(^|\/)\.(gitlab-ci|travis)\.ya?ml$/, rules: [{ kind: "php", pattern: /(?:php:?\s*(?:-\s*)?["']?|^\s+-\s*["']?)(\d\.\d)\b/gm }] },
  {
    name: /(^|\/)\.github\/workflows\/[\w.-]+\.ya?ml$/,
    rules: [{ kind: "php", pattern: /["'](\d\.\d)["']/g }],
  },
  { name: /(^|\/)phpcs(\.xml)?(\.dist)?$/, rules: [{ kind: "php-constraint", pattern: /testVersion"\s+value="(\d\.\d)-?"/g }] },
];

const alwaysSkip = /^(?:apt-get|apk|install|&&|\\|-.*|\$.*|"|'|)$/;

function values(kind: ServerHint["kind"], text: string, split: boolean): string[] {
  const words = split ? text.replaceAll(/\\\r?\n/g, " ").split(/[\s,[\]"']+/) : [text];
  const plain = words.map((each) => each.replaceAll(/["']/g, "").trim()).filter((each) => !alwaysSkip.test(each));
  if (kind === "extension") return plain.map((each) => each.toLowerCase()).filter((each) => /^[a-z][a-z0-9_]*$/.test(each));
  return plain;
}

/**
 * Reads the files about servers and containers that a tree has: Dockerfile, compose, DDEV, Lando, Upsun, nginx, Apache, Procfile, CI.
 * They are hints of how its authors run it; nothing of them is used as it is.
 */
export function readServerHints(survey: Survey): ServerHint[] {
  const hints: ServerHint[] = [];
  for (const file of survey.files) {
    // Only the CI of the tree itself says something; bundled plugins bring theirs along.
    const nestedCi = /\/\.(?:github|travis|gitlab-ci)/.test(file);
    if (survey.origin(file) === "vendor" || nestedCi || file.split("/").length > 6) continue;
    if (/(^|\/)(tests?|node_modules|plugins|extensions|vendor|libs?|lib|third[-_]?party)\//i.test(file)) continue;
    const reading = readings.find((each) => each.name.test(file));
    const text = reading === undefined || (survey.entry(file)?.size ?? 0) > 100_000 ? undefined : survey.read(file);
    if (reading === undefined || text === undefined || text.includes("<?php")) continue;
    for (const rule of reading.rules) {
      for (const found of text.matchAll(rule.pattern)) {
        const line = survey.line(file, found.index + found[0].search(/\S/)) ?? 1;
        const words = found[0].trim().split(/\r?\n/)[0]?.slice(0, 80) ?? "";
        for (const value of values(rule.kind, found[1] ?? "", "split" in rule && rule.split)) {
          hints.push({ kind: rule.kind, value, file, line, words });
        }
      }
    }
  }
  return hints;
}

/**
 * A path in a server's or container's file system as a path of the tree: the longest tail of it that is a directory here
 * (`/var/www/html/public` is `public`). Undefined when nothing of it is in the tree.
 */
export function placeInTree(survey: Survey, path: string, base = "."): string | undefined {
  const parts = path
    .replaceAll(/\$\{?[\w]+\}?/g, "")
    .split("/")
    .filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) return undefined;
  for (let from = 0; from < parts.length; from += 1) {
    const tail = joinPath(base, parts.slice(from).join("/"));
    if (survey.directories.has(tail)) return tail;
  }
  return undefined;
}
