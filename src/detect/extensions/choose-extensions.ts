import { canonicalExtension, extensionFor, versionsWith } from "../../catalog/php-extensions.ts";
import { type PhpVersion, phpVersions } from "../../catalog/php-versions.ts";
import type { ComposerFacts } from "../composer-facts.ts";
import type { Evidence } from "../evidence.ts";
import { type Finding, treeDiagnostic } from "../finding.ts";
import type { ServerHint } from "../server-hints.ts";
import type { Survey } from "../survey.ts";
import { type ExtensionUse, extensionUses } from "./extension-uses.ts";

/** One extension that the site should have. */
export interface WantedExtension {
  readonly name: string;
  /** False: useful, but the program works without. */
  readonly required: boolean;
  readonly because: string;
  readonly file?: string;
  readonly line?: number;
  readonly confidence: Evidence["confidence"];
}

/** Extensions of servers and services that few sites have: only wanted when the code can't do without them. */
const special = new Set(
  "ldap imap redis memcached memcache apcu imagick gmagick pgsql pdo_pgsql sqlite3 pdo_sqlite oci8 pdo_oci odbc pdo_odbc pdo_dblib pdo_firebird sqlsrv pdo_sqlsrv snmp pcntl shmop sysvmsg sysvsem sysvshm enchant pspell tidy xdebug ssh2 gnupg mongodb rrd yaml igbinary msgpack luasandbox wikidiff2 dba geoip radius mailparse mcrypt uuid xmlrpc opcache ffi phar amqp zmq http ftp sockets uploadprogress excimer pcov ast gearman solr oauth smbclient maxminddb tokenizer readline calendar".split(
    " ",
  ),
);
/** Only speed things up: code that uses them has another way, too. */
const accelerators = new Set(
  "apcu redis memcached memcache opcache igbinary msgpack xdebug pcov imagick gmagick pcntl shmop sysvmsg sysvsem sysvshm luasandbox wikidiff2 excimer tokenizer readline".split(
    " ",
  ),
);
/** Chosen by the database detector. */
const databaseDrivers = new Set("mysqli mysqlnd pdo_mysql pgsql pdo_pgsql sqlite3 pdo_sqlite oci8 odbc".split(" "));

function lineOfWord(survey: Survey, file: string | undefined, word: string): number | undefined {
  const text = file === undefined ? undefined : survey.read(file);
  const at = text?.indexOf(word) ?? -1;
  return at === -1 || file === undefined ? undefined : survey.line(file, at + 1);
}

function fromComposer(survey: Survey, composer: ComposerFacts): WantedExtension[] {
  const own = Object.keys(composer.require).filter((name) => name.startsWith("ext-"));
  const required = own.map((name): WantedExtension => {
    const line = lineOfWord(survey, composer.file, `"${name}"`);
    return {
      name: canonicalExtension(name),
      required: true,
      because: `composer.json requires ${name}`,
      confidence: "certain",
      ...(composer.file === undefined ? {} : { file: composer.file }),
      ...(line === undefined ? {} : { line }),
    };
  });
  const packages = composer.packages.flatMap((each) =>
    Object.keys(each.require)
      .filter((name) => name.startsWith("ext-"))
      .map(
        (name): WantedExtension => ({
          name: canonicalExtension(name),
          required: true,
          because: `${each.name} requires ${name}`,
          confidence: "certain",
          ...(composer.packagesFile === undefined ? {} : { file: composer.packagesFile }),
        }),
      ),
  );
  return [...required, ...packages];
}

function fromHints(hints: readonly ServerHint[]): WantedExtension[] {
  return hints
    .filter((hint) => hint.kind === "extension")
    .map((hint) => ({
      name: canonicalExtension(hint.value),
      required: true,
      because: `its own set-up installs it: ${hint.words}`,
      file: hint.file,
      line: hint.line,
      confidence: "likely" as const,
    }))
    .filter((wanted) => wanted.name !== "xdebug" && wanted.name !== "opcache");
}

/** Files that look after what the program needs. */
const checking = /(^|\/)(index|install|check|require|setup|init|start|boot|compat)[\w.-]*$|(^|\/)(install|setup)\w*\//i;

/** Installers that ask for extensions: `extension_loaded("x")`, alone or over a list. */
function fromChecks(survey: Survey): WantedExtension[] {
  return survey.php.flatMap((file) => {
    if (file.origin !== "app") return [];
    const asked = [...file.extensionChecks, ...(file.checksList ? file.words : [])];
    return asked.flatMap(([word, offset]): WantedExtension[] => {
      const name = canonicalExtension(word);
      if (versionsWith(name).length === 0 || !/^[a-z0-9_]+$/.test(word)) return [];
      const line = survey.line(file.path, offset);
      const required = file.demandedExtensions.has(word) && checking.test(file.path);
      return [
        {
          name,
          required,
          because: required ? "it stops when it is not loaded" : "the code asks whether it is loaded",
          file: file.path,
          ...(line === undefined ? {} : { line }),
          confidence: "likely",
        },
      ];
    });
  });
}

function fromUse(use: ExtensionUse, appFiles: number): WantedExtension | undefined {
  const files = use.plain + use.guarded + use.drivers;
  const where = { file: use.example.file, ...(use.example.line === undefined ? {} : { line: use.example.line }) };
  const because = `the code uses ${use.example.what}${files > 1 ? ` and others, in ${files} files` : ""}`;
  const isSpecial = special.has(use.extension);
  const vital = !accelerators.has(use.extension) && use.plain + use.drivers > 1 && use.plain >= use.guarded;
  if (use.plain > 0 && (!isSpecial || vital)) {
    // Much used: without it most of the program fails. Little used: it is there if the PHP version has it.
    const required = !isSpecial || use.plain + use.drivers > appFiles / 20;
    return { name: use.extension, required, because, ...where, confidence: "likely" };
  }
  if (isSpecial) return undefined;
  if (use.guarded + use.drivers > 0)
    return { name: use.extension, required: false, because: `${because}, where it is loaded`, ...where, confidence: "likely" };
  return undefined;
}

/** All extensions that evidence asks for, the surest reason for each; database drivers only when `composer.json` or a set-up names them. */
export function wantedExtensions(survey: Survey, composer: ComposerFacts, hints: readonly ServerHint[]): WantedExtension[] {
  const uses = extensionUses(survey);
  const appFiles = survey.php.filter((file) => file.origin === "app").length;
  const byUse = uses.flatMap((use) => fromUse(use, appFiles) ?? []);
  const used = new Set(byUse.map((each) => each.name));
  const checks = fromChecks(survey).filter((each) => each.required || !special.has(each.name) || used.has(each.name));
  const chosen = new Map<string, WantedExtension>();
  for (const wanted of [...fromComposer(survey, composer), ...fromHints(hints), ...byUse, ...checks]) {
    const declared = wanted.confidence === "certain" || hints.some((hint) => hint.value === wanted.name);
    if (databaseDrivers.has(wanted.name) && !declared) continue;
    if (!chosen.has(wanted.name)) chosen.set(wanted.name, wanted);
  }
  const family = ["dom", "simplexml", "xmlreader", "xmlwriter", "xsl"].map((name) => chosen.get(name)).find((each) => each !== undefined);
  if (family !== undefined && !chosen.has("xml"))
    chosen.set("xml", { ...family, name: "xml", because: `comes with ${family.name}: ${family.because}` });
  return [...chosen.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** True when a PHP version has every extension that is required. */
export function hasAll(version: PhpVersion, wanted: readonly WantedExtension[]): boolean {
  return wanted.every((each) => !each.required || versionsWith(each.name).length === 0 || extensionFor(version, each.name) !== undefined);
}

/** The list for the site file: what the version has as a package, without what PHP always has. */
export function chooseExtensions(version: PhpVersion, wanted: readonly WantedExtension[]): Finding<readonly string[]> {
  const evidence: Evidence[] = [];
  const diagnostics: Finding<unknown>["diagnostics"][number][] = [];
  const list: string[] = [];
  for (const each of wanted) {
    const source = extensionFor(version, each.name);
    const { file, line, because, confidence, name } = each;
    const where = { ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { line }) };
    if (source?.kind === "package" && name !== "json" && name !== "xdebug") {
      list.push(name);
      evidence.push({ field: "spec.runtime.extensions", value: name, because, confidence, ...where });
    } else if (source === undefined && each.required) {
      const others = versionsWith(name);
      const elsewhere = others.length > 0 && others.length < phpVersions.length ? ` (PHP ${others.join(", ")} has it)` : "";
      diagnostics.push(
        treeDiagnostic("extension-unavailable", "warning", `PHP ${version} here has no extension ${name}, but ${because}${elsewhere}`, {
          path: ["spec", "runtime", "extensions"],
          hint:
            others.length > 0
              ? "Choose that PHP version, or do without this part of the application."
              : "Name an image of your own with that extension in spec.runtime.image if you need it.",
          ...where,
        }),
      );
    }
  }
  return { value: list, evidence, diagnostics };
}
