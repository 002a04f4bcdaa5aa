import { joinPath, type Survey } from "./survey.ts";

/** A package that is installed or locked, without development tools. */
export interface ComposerPackage {
  readonly name: string;
  readonly version: string;
  readonly require: Readonly<Record<string, string>>;
  readonly suggest: Readonly<Record<string, string>>;
  readonly time?: string;
}

/** What composer's files say about a tree. Every value is checked: the files are somebody else's. */
export interface ComposerFacts {
  /** `composer.json`'s path, or undefined when there is none. */
  readonly file?: string;
  /** The directory it lies in. */
  readonly directory: string;
  readonly name?: string;
  readonly type?: string;
  readonly require: Readonly<Record<string, string>>;
  readonly suggest: Readonly<Record<string, string>>;
  readonly platformPhp?: string;
  /** Where packages go, relative to the tree. */
  readonly vendorDirectory: string;
  readonly vendorPresent: boolean;
  readonly lockFile?: string;
  /** From composer.lock, else from `installed.json`. */
  readonly packages: readonly ComposerPackage[];
  readonly packagesFile?: string;
  /** Web roots that `extra` names, with the key that does. */
  readonly webRoots: readonly { readonly path: string; readonly key: string }[];
  readonly scripts: readonly string[];
  /** The lower bound that composer wrote into `platform_check.php`. */
  readonly platformCheck?: { readonly version: string; readonly file: string };
}

type Json = Readonly<Record<string, unknown>>;

function asObject(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

/** Reads JSON that may be damaged: then it is an empty object. */
export function readJson(survey: Survey, path: string): Json {
  const text = survey.read(path);
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
    return Array.isArray(value) ? { packages: value } : asObject(value);
  } catch {
    return {};
  }
}

function strings(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(asObject(value)).flatMap(([key, each]) => (typeof each === "string" ? [[key.toLowerCase(), each]] : [])),
  );
}

function asString(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function packageOf(value: unknown): ComposerPackage[] {
  const item = asObject(value);
  const name = asString(item["name"]);
  if (name === undefined) return [];
  const time = asString(item["time"]);
  return [
    {
      name: name.toLowerCase(),
      version: asString(item["version"]) ?? "",
      require: strings(item["require"]),
      suggest: strings(item["suggest"]),
      ...(time === undefined ? {} : { time }),
    },
  ];
}

/** Trims `web/`, `./web` and `/web` to a path of the tree; undefined when it leaves it. */
function cleanPath(directory: string, path: string): string | undefined {
  const plain = path.replace(/^\.?\/+/, "").replace(/\/+$/, "");
  if (plain.split("/").includes("..")) return undefined;
  return plain === "" || plain === "." ? directory : joinPath(directory, plain);
}

function webRootsOf(extra: Json, directory: string): ComposerFacts["webRoots"] {
  const scaffold = asObject(asObject(extra["drupal-scaffold"])["locations"]);
  const candidates: [string, unknown][] = [
    ["extra.drupal-scaffold.locations.web-root", scaffold["web-root"]],
    ["extra.symfony-web-dir", extra["symfony-web-dir"]],
    ["extra.public-dir", extra["public-dir"]],
    ["extra.typo3/cms.web-dir", asObject(extra["typo3/cms"])["web-dir"]],
    ["extra.webroot-dir", extra["webroot-dir"]],
  ];
  return candidates.flatMap(([key, value]) => {
    const path = typeof value === "string" ? cleanPath(directory, value) : undefined;
    return path === undefined ? [] : [{ path, key }];
  });
}

/** The composer.json that describes the application: at the root, else one directory below when it isn't a library's. */
function rootManifest(survey: Survey): string | undefined {
  if (survey.has("composer.json")) return "composer.json";
  const near = survey.files.filter((file) => /^[^/]+\/composer\.json$/.test(file) && survey.origin(file) === "app");
  return near.find((file) => readJson(survey, file)["type"] !== "library" && !/^(libs?|libraries|includes?|inc)\//.test(file));
}

function vendorOf(survey: Survey, directory: string, config: Json): string {
  const configured = asString(config["vendor-dir"]);
  const clean = configured === undefined ? undefined : cleanPath(directory, configured);
  if (clean !== undefined) return clean;
  const usual = joinPath(directory, "vendor");
  if (survey.directories.has(usual)) return usual;
  const filled = survey.files
    .map((file) => /^(.*)\/composer\/(?:installed\.json|autoload_real\.php)$/.exec(file)?.[1])
    .find((path) => path !== undefined);
  return filled ?? usual;
}

function platformCheckOf(survey: Survey, vendor: string): ComposerFacts["platformCheck"] {
  const file = `${vendor}/composer/platform_check.php`;
  const id = /PHP_VERSION_ID\s*>=\s*(\d{5,6})/.exec(survey.read(file) ?? "")?.[1];
  if (id === undefined) return undefined;
  const value = Number(id);
  return { file, version: `${Math.floor(value / 10_000)}.${Math.floor(value / 100) % 100}.${value % 100}` };
}

function packagesOf(
  survey: Survey,
  lock: string | undefined,
  vendor: string,
): { readonly packages: ComposerPackage[]; readonly file?: string } {
  if (lock !== undefined) {
    const list = readJson(survey, lock)["packages"];
    if (Array.isArray(list)) return { packages: list.flatMap(packageOf), file: lock };
  }
  const file = `${vendor}/composer/installed.json`;
  const installed = readJson(survey, file);
  const list = installed["packages"];
  if (!Array.isArray(list)) return { packages: [] };
  const dev = new Set(Array.isArray(installed["dev-package-names"]) ? installed["dev-package-names"] : []);
  return { packages: list.flatMap(packageOf).filter((each) => !dev.has(each.name)), file };
}

/** Reads composer.json, composer.lock, `installed.json` and `platform_check.php`, wherever `config.vendor-dir` puts them. */
export function readComposer(survey: Survey): ComposerFacts {
  const file = rootManifest(survey);
  const directory = file === undefined || !file.includes("/") ? "." : file.slice(0, file.lastIndexOf("/"));
  const manifest = file === undefined ? {} : readJson(survey, file);
  const config = asObject(manifest["config"]);
  const vendorDirectory = vendorOf(survey, directory, config);
  const lockPath = joinPath(directory, "composer.lock");
  const lockFile = survey.has(lockPath) ? lockPath : undefined;
  const { packages, file: packagesFile } = packagesOf(survey, lockFile, vendorDirectory);
  const name = asString(manifest["name"]);
  const type = asString(manifest["type"]);
  const platformPhp = asString(asObject(config["platform"])["php"]);
  const platformCheck = platformCheckOf(survey, vendorDirectory);
  return {
    ...(file === undefined ? {} : { file }),
    directory,
    ...(name === undefined ? {} : { name: name.toLowerCase() }),
    ...(type === undefined ? {} : { type }),
    require: strings(manifest["require"]),
    suggest: strings(manifest["suggest"]),
    ...(platformPhp === undefined ? {} : { platformPhp }),
    vendorDirectory,
    vendorPresent: survey.has(`${vendorDirectory}/autoload.php`) || survey.has(`${vendorDirectory}/composer/installed.json`),
    ...(lockFile === undefined ? {} : { lockFile }),
    packages,
    ...(packagesFile === undefined ? {} : { packagesFile }),
    webRoots: webRootsOf(asObject(manifest["extra"]), directory),
    scripts: Object.keys(asObject(manifest["scripts"])),
    ...(platformCheck === undefined ? {} : { platformCheck }),
  };
}
