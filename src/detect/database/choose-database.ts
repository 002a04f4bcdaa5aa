import type { ComposerFacts } from "../composer-facts.ts";
import type { Evidence } from "../evidence.ts";
import { type Finding, treeDiagnostic } from "../finding.ts";
import type { PhpFile } from "../php-file.ts";
import type { ServerHint } from "../server-hints.ts";
import { baseOf, type Survey } from "../survey.ts";
import { sqlFiles } from "./sql-files.ts";

/** What is known about the databases of an application. */
export interface DatabaseNeed {
  /** True: the site file gets `database: {}`. */
  readonly needed: boolean;
  /** Extensions that its drivers need: `mysqli`, `pdo_mysql`, `pdo_sqlite`. */
  readonly drivers: readonly string[];
}

interface Sign {
  readonly kind: "mysql" | "pgsql" | "sqlite";
  /** Three points make a need. */
  readonly points: number;
  readonly because: string;
  readonly file?: string;
  readonly line?: number;
  /** Set when the sign itself names MySQL: SQL and settings alone may be of any database. */
  readonly says?: "mysql";
}

/** Packages that keep their data in SQL and work with MariaDB. */
const sqlPackages =
  /^(laravel\/framework|illuminate\/database|doctrine\/(orm|dbal|doctrine-bundle|migrations)|drupal\/core(-recommended)?|typo3\/cms(-core)?|topthink\/(framework|think-orm)|cakephp\/(cakephp|database|orm)|yiisoft\/yii2?|laminas\/laminas-db|codeigniter4\/framework|propel\/propel1?|robmorgan\/phinx|roots\/wordpress|johnpbloch\/wordpress|magento\/.*|shopware\/core|craftcms\/cms|october\/rain|silverstripe\/framework|contao\/core-bundle|concrete5\/core|joomla\/database|catfan\/medoo)$/;
const setting =
  /\b(?:db|database|mysql|sql)[-_ .]?(?:host(?:name|spec)?|server|name|user(?:name)?|pass(?:word|wd)?|database|dsnw?|url|connection|driver)\b|\bdb(?:host|name|user|server|dsnw?)\b/gi;
const settingFile = /(^|\/)(\.env(\.\w+)*|[\w.-]*(config|settings|database|parameters|local|conf|resources|setup|defaults)[\w.-]*)$/i;

function fromCode(survey: Survey): Sign[] {
  const signs: Sign[] = [];
  const count = (kind: Sign["kind"], what: string, uses: (file: PhpFile) => number | undefined): void => {
    const found = survey.php.filter((file) => file.origin === "app" && uses(file) !== undefined);
    const first = found[0];
    if (first === undefined) return;
    const line = survey.line(first.path, uses(first) ?? 0);
    const points = found.length > 2 ? 2 : 1;
    signs.push({
      kind,
      ...(kind === "mysql" ? { says: "mysql" as const } : {}),
      points,
      because: `the code uses ${what}${found.length > 1 ? `, in ${found.length} files` : ""}`,
      file: first.path,
      ...(line === undefined ? {} : { line }),
    });
  };
  count(
    "mysql",
    "mysqli",
    (file) =>
      file.calls.get("mysqli_connect") ??
      file.calls.get("mysqli_real_connect") ??
      file.calls.get("mysqli_query") ??
      file.calls.get("mysqli_init") ??
      file.classes.get("mysqli"),
  );
  count("mysql", "PDO with MySQL", (file) =>
    file.databases.has("mysql") || file.databases.has("pdo_mysql") ? (file.classes.get("pdo") ?? file.calls.get("new_pdo")) : undefined,
  );
  count("mysql", "the old mysql functions", (file) =>
    file.calls.has("mysqli_connect") ? undefined : (file.calls.get("mysql_connect") ?? file.calls.get("mysql_pconnect")),
  );
  count(
    "pgsql",
    "PostgreSQL",
    (file) =>
      file.calls.get("pg_connect") ??
      file.calls.get("pg_pconnect") ??
      (file.databases.has("pgsql") && file.classes.has("pdo") ? 0 : undefined),
  );
  count(
    "sqlite",
    "SQLite",
    (file) => file.classes.get("sqlite3") ?? (file.databases.has("sqlite") && file.classes.has("pdo") ? 0 : undefined),
  );
  return signs;
}

/** Kinds of databases that the application's code names at all, for programs that hide the driver in a library. */
function namedKinds(survey: Survey): ReadonlySet<string> {
  return new Set(survey.php.flatMap((file) => (file.origin === "app" ? [...file.databases] : [])));
}

function fromComposer(composer: ComposerFacts): Sign[] {
  const names = Object.keys(composer.require);
  const found = names.find((name) => sqlPackages.test(name));
  const where = composer.file === undefined ? {} : { file: composer.file };
  const signs: Sign[] =
    found === undefined ? [] : [{ kind: "mysql", says: "mysql", points: 3, because: `composer.json requires ${found}`, ...where }];
  for (const [extension, kind] of [
    ["ext-mysqli", "mysql"],
    ["ext-pdo_mysql", "mysql"],
    ["ext-pgsql", "pgsql"],
    ["ext-pdo_pgsql", "pgsql"],
  ] as const) {
    if (names.includes(extension))
      signs.push({
        kind,
        ...(kind === "mysql" ? { says: "mysql" as const } : {}),
        points: 3,
        because: `composer.json requires ${extension}`,
        ...where,
      });
  }
  return signs;
}

/** SQL in the code itself: many statements are a program that lives on a database, one that names its tables all the more. */
function fromStatements(survey: Survey): Sign[] {
  const own = survey.php.filter((file) => file.origin === "app" && file.sql.statements > 0);
  const named = own.filter((file) => file.sql.tables > 0);
  const first = named[0] ?? own[0];
  if (first === undefined) return [];
  if (named.length >= 5)
    return [{ kind: "mysql", points: 2, because: `SQL statements on its own tables are in ${named.length} files`, file: first.path }];
  return own.length >= 10 ? [{ kind: "mysql", points: 1, because: `SQL statements are in ${own.length} files`, file: first.path }] : [];
}

function statementFiles(survey: Survey): number {
  return survey.php.filter((file) => file.origin === "app" && file.sql.tables > 0).length;
}

const formField = /name=\\?["'](?:\w*_db|db\w*(?:host|server|name|user)\w*|(?:database|mysql|sql)_?(?:host|server|name|user)\w*)["'[\\]/i;

/** An installer whose form asks for a database. */
function fromInstaller(survey: Survey): Sign[] {
  const asks = survey.files.find(
    (file) =>
      /(^|\/)(install|setup)[\w.-]*(\/[\w./-]+)?\.(php|phtml|html?|tpl|inc|twig)$/i.test(file) &&
      survey.origin(file) === "app" &&
      formField.test(survey.read(file) ?? ""),
  );
  return asks === undefined ? [] : [{ kind: "mysql", points: 2, because: "its installer asks for a database", file: asks }];
}

function fromSettings(survey: Survey): Sign[] {
  for (const file of survey.files) {
    if (
      file.split("/").length > 4 ||
      !settingFile.test(file) ||
      !/\.(php|inc|ini|ya?ml|dist|sample|example|env|default|neon|json|xml|tpl|in)\b|\.env|php-dist$/i.test(baseOf(file))
    )
      continue;
    if (survey.origin(file) !== "app" || (survey.entry(file)?.size ?? 0) > 150_000) continue;
    const text = survey.read(file) ?? "";
    const names = new Set([...text.matchAll(setting)].map((found) => found[0].toLowerCase().replaceAll(/[-_ .]/g, "")));
    if (names.size < 2 && !/DATABASE_URL|db_dsnw/.test(text)) continue;
    const postgresOnly = /pgsql|postgres/i.test(text) && !/mysql|mariadb/i.test(text);
    return [{ kind: postgresOnly ? "pgsql" : "mysql", points: 2, because: "its configuration has settings of a database", file }];
  }
  return [];
}

function fromSchemas(survey: Survey): Sign[] {
  const files = sqlFiles(survey);
  return (["mysql", "pgsql", "sqlite"] as const).flatMap((kind): Sign[] => {
    // SQL without a dialect is MySQL's unless other files speak PostgreSQL alone.
    const any = kind === "mysql" && !files.some((file) => file.dialect === "pgsql");
    const own = files.filter((file) => file.dialect === kind || (any && file.dialect === "any"));
    const first = own.find((file) => !file.upgrade) ?? own[0];
    return first === undefined
      ? []
      : [
          {
            kind,
            ...(kind === "mysql" && first.dialect === "mysql" ? { says: "mysql" as const } : {}),
            points: first.upgrade ? 2 : 3,
            because: "it has a schema of tables",
            file: first.path,
          },
        ];
  });
}

function fromHints(hints: readonly ServerHint[]): Sign[] {
  return hints
    .filter((hint) => hint.kind === "database")
    .map(
      (hint) =>
        ({
          kind: hint.value === "postgres" ? "pgsql" : "mysql",
          ...(hint.value === "postgres" ? {} : { says: "mysql" }),
          points: 2,
          because: `its own set-up runs ${hint.value}`,
          file: hint.file,
          line: hint.line,
        }) as const,
    );
}

function driversOf(survey: Survey, signs: readonly Sign[], named: ReadonlySet<string>, needed: boolean): string[] {
  const app = survey.php.filter((file) => file.origin === "app");
  const mysqli = app.some(
    (file) =>
      file.calls.has("mysqli_connect") ||
      file.calls.has("mysqli_real_connect") ||
      file.calls.has("mysqli_init") ||
      file.classes.has("mysqli"),
  );
  const pdo = app.some((file) => file.classes.has("pdo"));
  const mysql = signs.some((sign) => sign.kind === "mysql") || named.has("mysql");
  const drivers: string[] = [];
  if (mysqli) drivers.push("mysqli");
  if (mysql && (needed || pdo) && (pdo || !mysqli)) drivers.push("pdo_mysql");
  const mysqlAtAll = mysqli || (pdo && mysql) || needed;
  if (!mysqlAtAll && app.some((file) => file.classes.has("sqlite3"))) drivers.push("sqlite3");
  if (!mysqlAtAll && pdo && named.has("sqlite")) drivers.push("pdo_sqlite");
  if (!mysqlAtAll && drivers.length === 0 && signs.some((sign) => sign.kind === "pgsql")) drivers.push(pdo ? "pdo_pgsql" : "pgsql");
  return drivers;
}

/** Decides whether the site needs a database of its own, and with which drivers; a PostgreSQL-only program is refused. */
export function chooseDatabase(survey: Survey, composer: ComposerFacts, hints: readonly ServerHint[]): Finding<DatabaseNeed> {
  const named = namedKinds(survey);
  const signs = [
    ...fromComposer(composer),
    ...fromCode(survey),
    ...fromStatements(survey),
    ...fromInstaller(survey),
    ...fromSettings(survey),
    ...fromSchemas(survey),
    ...fromHints(hints),
  ];
  const sum = (some: readonly Sign[]): number => some.reduce((total, sign) => total + sign.points, 0);
  // Several drivers in the code are one sign: programs that look into databases have them all.
  const points = (kind: Sign["kind"]): number => {
    const own = signs.filter((sign) => sign.kind === kind);
    const code = own.filter((sign) => sign.because.startsWith("the code uses"));
    return Math.min(2, sum(code)) + sum(own.filter((sign) => !code.includes(sign)));
  };
  const speaksMysql = signs.some((sign) => sign.kind === "mysql" && sign.says === "mysql") || named.has("mysql") || named.has("mysqli");
  const fileOnly = !speaksMysql && (points("sqlite") > 0 || named.has("sqlite"));
  // A program that can also keep its data in SQLite must show more.
  const sure = signs.some((sign) => sign.kind === "mysql" && sign.points > 2);
  const enough = named.has("sqlite") && !sure ? 4 : 3;
  // Code alone is no need: programs that look into other people's databases have it, too.
  const owns = signs.some(
    (sign) =>
      sign.kind === "mysql" &&
      !sign.because.startsWith("the code uses") &&
      (sign.points !== 2 || !sign.because.startsWith("SQL statements") || statementFiles(survey) >= 10),
  );
  const needed = speaksMysql && owns && points("mysql") >= enough;
  const evidence = signs
    .filter((sign) => needed && sign.kind === "mysql")
    .map(
      (sign): Evidence => ({
        field: "spec.database",
        value: "mariadb",
        because: sign.because,
        confidence: sign.points > 2 ? "certain" : "likely",
        ...(sign.file === undefined ? {} : { file: sign.file }),
        ...(sign.line === undefined ? {} : { line: sign.line }),
      }),
    );
  const value = { needed, drivers: driversOf(survey, signs, named, needed) };
  if (needed) return { value, evidence, diagnostics: [] };
  const postgres = signs.find((sign) => sign.kind === "pgsql");
  if (!speaksMysql && !fileOnly && postgres !== undefined && points("pgsql") >= 2) {
    const diagnostic = treeDiagnostic(
      "postgresql-only",
      "error",
      `The application keeps its data in PostgreSQL only: ${postgres.because}`,
      {
        path: ["spec", "database"],
        hint: "Howdah has MariaDB. If the application also works with MySQL, describe the site by hand.",
        ...(postgres.file === undefined ? {} : { file: postgres.file }),
      },
    );
    return { value, evidence, diagnostics: [diagnostic] };
  }
  const maybe = signs.find((sign) => sign.kind === "mysql");
  if (!speaksMysql || maybe === undefined) return { value, evidence, diagnostics: [] };
  const diagnostic = treeDiagnostic("database-optional", "info", `It can use MySQL, but nothing shows that it must: ${maybe.because}`, {
    path: ["spec", "database"],
    hint: "Add `database: {}` to the site file if it needs one.",
    ...(maybe.file === undefined ? {} : { file: maybe.file }),
  });
  return { value, evidence, diagnostics: [diagnostic] };
}
