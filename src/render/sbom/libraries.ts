import type { LibraryList } from "../../kernel/image-contents.ts";

/** A library of composer or npm that a site's code depends on. */
export interface Library {
  readonly ecosystem: "composer" | "npm";
  /** `monolog/monolog`, `@babel/core`. */
  readonly name: string;
  readonly version: string;
  /** As its author wrote them; several mean that one may be chosen. */
  readonly licences: readonly string[];
  /** Where it came from, without credentials; null when that is not known. */
  readonly from: string | null;
  readonly checksum: { readonly algorithm: "SHA1" | "SHA256" | "SHA512"; readonly value: string } | null;
  /** Only needed to build or test. */
  readonly development: boolean;
}

/** What the lists of a tree say. `unreadable`: lists that are damaged, by path. */
export interface Libraries {
  readonly libraries: readonly Library[];
  readonly unreadable: readonly string[];
}

/**
 * The libraries of a site, sorted and each once. What composer has installed (`vendor/composer/installed.json`) counts before what `composer.lock`
 * beside it asks for; of a lock alone the development packages are left out, as images are installed without them.
 */
export function librariesOf(lists: readonly LibraryList[]): Libraries {
  const installed = new Set(
    lists.filter(({ path }) => isInstalled(path)).map(({ path }) => path.replace(/[^/]+\/composer\/installed\.json$/, "")),
  );
  const unreadable: string[] = [];
  const found = new Map<string, Library>();
  for (const { path, text } of lists) {
    if (path.endsWith("composer.lock") && installed.has(path.slice(0, -"composer.lock".length))) continue;
    const read = readList(path, text);
    if (read === undefined) unreadable.push(path);
    for (const library of read ?? []) {
      const key = `${library.ecosystem} ${library.name} ${library.version}`;
      const there = found.get(key);
      if (there === undefined || (there.development && !library.development)) found.set(key, library);
    }
  }
  const libraries = [...found].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, library]) => library);
  return { libraries, unreadable: unreadable.sort() };
}

type Json = Readonly<Record<string, unknown>>;

function readList(path: string, text: string): readonly Library[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (path.endsWith("package-lock.json")) return isJson(value) ? npmLibraries(value) : undefined;
  if (isInstalled(path)) return installedLibraries(value);
  return isJson(value) ? listOf(value["packages"]).flatMap((one) => composerLibrary(one, false)) : undefined;
}

function isInstalled(path: string): boolean {
  return path.endsWith("/composer/installed.json");
}

/** Composer 2 writes an object with the names of what is for development, composer 1 a bare list. */
function installedLibraries(value: unknown): readonly Library[] | undefined {
  if (Array.isArray(value)) return value.filter(isJson).flatMap((one) => composerLibrary(one, false));
  if (!isJson(value)) return undefined;
  const names = value["dev-package-names"];
  const development = new Set(Array.isArray(names) ? names : []);
  return listOf(value["packages"]).flatMap((one) => composerLibrary(one, development.has(one["name"])));
}

function composerLibrary(one: Json, development: boolean): Library[] {
  const [name, version] = [textOf(one["name"]), textOf(one["version"])];
  if (name === undefined || version === undefined || !name.includes("/") || one["type"] === "metapackage") return [];
  const licences = one["license"];
  const dist = isJson(one["dist"]) ? one["dist"] : {};
  const source = isJson(one["source"]) ? one["source"] : {};
  const sum = textOf(dist["shasum"]) ?? "";
  const [url, reference] = [textOf(source["url"]), textOf(source["reference"])];
  const git =
    source["type"] === "git" && url?.startsWith("https://") === true && reference !== undefined ? `git+${url}@${reference}` : undefined;
  return [
    {
      ecosystem: "composer",
      name,
      version: version.replace(/^v(?=\d)/, ""),
      licences: (Array.isArray(licences) ? licences : [licences]).filter((licence) => typeof licence === "string"),
      from: safeUrl(git ?? textOf(dist["url"])),
      checksum: /^[0-9a-f]{40}$/.test(sum) ? { algorithm: "SHA1", value: sum } : null,
      development,
    },
  ];
}

/** Versions 2 and 3 of the lock have `packages` by path, version 1 nested `dependencies` by name. */
function npmLibraries(lock: Json): readonly Library[] {
  if (isJson(lock["packages"])) {
    return Object.entries(lock["packages"]).flatMap(([path, one]) => {
      const at = path.lastIndexOf("node_modules/");
      return at === -1 || !isJson(one) ? [] : npmLibrary(textOf(one["name"]) ?? path.slice(at + "node_modules/".length), one);
    });
  }
  const nested = (value: unknown): readonly Library[] =>
    isJson(value)
      ? Object.entries(value).flatMap(([name, one]) => (isJson(one) ? [...npmLibrary(name, one), ...nested(one["dependencies"])] : []))
      : [];
  return nested(lock["dependencies"]);
}

function npmLibrary(name: string, one: Json): readonly Library[] {
  const version = textOf(one["version"]);
  if (version === undefined || one["link"] === true || !/^\d/.test(version)) return [];
  const licence = textOf(one["license"]);
  return [
    {
      ecosystem: "npm",
      name,
      version,
      licences: licence === undefined ? [] : [licence],
      from: safeUrl(textOf(one["resolved"])),
      checksum: integrityOf(textOf(one["integrity"]) ?? ""),
      development: one["dev"] === true || one["devOptional"] === true,
    },
  ];
}

function integrityOf(text: string): Library["checksum"] {
  const [, name = "", encoded = ""] = /^(sha1|sha256|sha512)-([A-Za-z0-9+/=]+)/.exec(text) ?? [];
  const algorithm = ({ sha1: "SHA1", sha256: "SHA256", sha512: "SHA512" } as const)[name as "sha1"];
  const value = Buffer.from(encoded, "base64").toString("hex");
  return algorithm !== undefined && value.length === { SHA1: 40, SHA256: 64, SHA512: 128 }[algorithm] ? { algorithm, value } : null;
}

/** An address that may be published: https, without a user, a password or a query, where tokens are. */
function safeUrl(text: string | undefined): string | null {
  if (text === undefined || !URL.canParse(text)) return null;
  const url = new URL(text);
  if (!/^(git\+)?https:$/.test(url.protocol) || url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    return null;
  return url.href;
}

function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isJson) : [];
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= 2000 ? value : undefined;
}
