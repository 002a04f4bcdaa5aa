import type { SiteDocument } from "../../site/schema/site-document.ts";
import type { Evidence } from "../evidence.ts";
import { type Finding, treeDiagnostic } from "../finding.ts";
import { baseOf, directoryOf, joinPath, type Survey } from "../survey.ts";

type Variables = NonNullable<NonNullable<SiteDocument["spec"]>["variables"]>;
type Value = Variables[string];

/** Always set by Howdah when there is a database. */
const given = new Set(["DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD"]);

const prefix = String.raw`(?:[A-Z][A-Z0-9]*_){0,3}?(?:DB|DATABASE|MYSQL|MARIADB|SQL)_?`;
const databaseNames: readonly (readonly [RegExp, "host" | "port" | "name" | "user" | "password" | "url"])[] = [
  [/^DATABASE_URL$|^DB_URL$|^DB_DSN$/, "url"],
  [new RegExp(`^${prefix}(?:HOST|HOSTNAME|SERVER)$`), "host"],
  [new RegExp(`^${prefix}PORT$`), "port"],
  [new RegExp(`^${prefix}(?:NAME|DATABASE|DBNAME|SCHEMA)$`), "name"],
  [new RegExp(`^${prefix}(?:USER|USERNAME)$`), "user"],
  [new RegExp(`^${prefix}(?:PASS|PASSWORD|PASSWD|PWD)$`), "password"],
];

/** What an environment variable of the application should get; undefined when its own default will do. */
export function valueFor(name: string, database: boolean): Value | undefined {
  if (database) {
    if (given.has(name)) return undefined;
    for (const [pattern, field] of databaseNames)
      if (pattern.test(name) && !/_READ_|ROOT|TEST|_SOCKET/.test(name)) return { database: field };
    if (/^DB_(CONNECTION|DRIVER)$/.test(name)) return "mysql";
  }
  if (/^(APP|SITE|BASE|PUBLIC|ROOT|SELF|HOME)_?(BASE_?)?(URL|URI)(_PATH)?$|^[A-Z]+_SITE_URL$|^PROXY_URL$/.test(name))
    return { site: "url" };
  if (/^(APP|SITE|SERVER)_(DOMAIN|HOST|HOSTNAME)$/.test(name)) return { site: "hostname" };
  if (name === "APP_KEY") return { generate: { encoding: "laravel" } };
  if (/^(APP_SECRET|SECRET_KEY|APP_SALT|SECURITY_SALT|ENCRYPTION_KEY|COOKIE_(KEY|SECRET)|SESSION_SECRET|JWT_SECRET)$/.test(name))
    return { generate: { bytes: 32, encoding: "hex" } };
  if (name === "APP_ENV") return "production";
  if (name === "APP_DEBUG") return "false";
  return undefined;
}

interface Named {
  readonly name: string;
  readonly because: string;
  readonly file: string;
  readonly line?: number;
}

function fromExamples(survey: Survey): Named[] {
  return survey.files
    .filter((file) => /^[\w.-]*\.env\.(example|dist|sample|default|prod|production)$|^\.env$|^env\.example$/.test(file))
    .flatMap((file) =>
      (survey.read(file) ?? "").split(/\r?\n/).flatMap((text, at): Named[] => {
        const name = /^\s*#?\s*(?:export\s+)?([A-Z][A-Z0-9_]{2,60})=/.exec(text)?.[1];
        return name === undefined ? [] : [{ name, because: `${file} names it`, file, line: at + 1 }];
      }),
    );
}

function fromCode(survey: Survey): Named[] {
  return survey.php.flatMap((file) =>
    file.origin !== "app"
      ? []
      : [...file.environment].map(([name, offset]): Named => {
          const line = survey.line(file.path, offset);
          return { name, because: "the code reads it from the environment", file: file.path, ...(line === undefined ? {} : { line }) };
        }),
  );
}

/** Maps the environment variables that the code reads to the database and to the site. */
export function chooseVariables(survey: Survey, database: boolean): Finding<Variables> {
  const variables: Record<string, Value> = {};
  const evidence: Evidence[] = [];
  for (const each of [...fromExamples(survey), ...fromCode(survey)]) {
    const value = valueFor(each.name, database);
    if (value === undefined || Object.hasOwn(variables, each.name)) continue;
    variables[each.name] = value;
    const { because, file, line } = each;
    evidence.push({
      field: `spec.variables.${each.name}`,
      value: typeof value === "object" ? JSON.stringify(value) : String(value),
      because,
      file,
      ...(line === undefined ? {} : { line }),
      confidence: "likely",
    });
  }
  return { value: variables, evidence, diagnostics: samples(survey) };
}

const sampleName =
  /^(.*config[\w.-]*|settings[\w.-]*|local[\w.-]*|parameters[\w.-]*|\.env)[._-](sample|dist|example|default|template|new|tmpl)(\.\w+)?$|^(config|settings)[._-](sample|dist|example|default)([\w.-]*)\.(php|ini|inc\.php|ya?ml)$/i;

/** Names the configuration that a person must write when a sample is there and the real file is not. */
function samples(survey: Survey): Finding<unknown>["diagnostics"] {
  return survey.files
    .filter((file) => file.split("/").length <= 3 && sampleName.test(baseOf(file)) && survey.origin(file) === "app")
    .flatMap((file) => {
      const real = joinPath(directoryOf(file), baseOf(file).replace(/[._-](sample|dist|example|default|template|new|tmpl)(?=\.|$)/i, ""));
      if (survey.has(real) || baseOf(file).startsWith(".env")) return [];
      return [
        treeDiagnostic("configuration-sample", "info", `${file} is a sample for ${real}, which is not there`, {
          path: ["spec", "configuration"],
          hint: `Write ${real} into spec.configuration, reading the database from the environment (DB_HOST, DB_NAME, DB_USER, DB_PASSWORD), or let the application's installer write it.`,
          file,
        }),
      ];
    })
    .slice(0, 3);
}
