import type { Survey } from "../survey.ts";

/** An SQL file with table definitions. */
export interface SqlFile {
  readonly path: string;
  readonly dialect: "mysql" | "pgsql" | "sqlite" | "any";
  /** True for files that change an older schema. */
  readonly upgrade: boolean;
}

const upgradeName = /(upgrade|update|migrat|alter|patch|downgrade|drop|uninstall|delta|\d+[._-]\d+.*to|(^|\/)v?\d+([._-]\d+)*\.sql$)/i;

function dialectOf(path: string, text: string): SqlFile["dialect"] {
  if (/pgsql|postgre|\bpg\b|_pg\b/i.test(path)) return "pgsql";
  if (/sqlite/i.test(path)) return "sqlite";
  if (/mysql|mariadb/i.test(path)) return "mysql";
  if (/\bENGINE\s*=|AUTO_INCREMENT|DEFAULT CHARSET|`\w+`/i.test(text)) return "mysql";
  if (/\b(?:BIG)?SERIAL\b|\bnextval\(|plpgsql|CREATE SEQUENCE|::(?:text|regclass)|\bWITH OIDS\b|timestamp with time zone/i.test(text))
    return "pgsql";
  return /\bAUTOINCREMENT\b/i.test(text) ? "sqlite" : "any";
}

/** All SQL files of the application that define tables, by path. Test data and bundled libraries are left out. */
export function sqlFiles(survey: Survey): SqlFile[] {
  return survey.files.flatMap((path): SqlFile[] => {
    if (!/\.(sql|mysql|pgsql|sqlite)(\.(dist|php))?$|(^|\/)(mysql|pgsql)$/i.test(path)) return [];
    const origin = survey.origin(path);
    if (origin !== "app") return [];
    const text = survey.read(path)?.slice(0, 200_000) ?? "";
    if (!/CREATE\s+(?:TEMPORARY\s+)?TABLE/i.test(text)) return [];
    return [{ path, dialect: dialectOf(path, text), upgrade: upgradeName.test(path) }];
  });
}

/** The one file that sets up an empty MySQL database, when there is exactly one best. */
export function installSchema(files: readonly SqlFile[]): string | undefined {
  const fit = files.filter((file) => !file.upgrade && (file.dialect === "mysql" || file.dialect === "any"));
  const rank = (path: string): number =>
    (/(^|[/_.-])(initial|install|schema|create|structure|base|tables|database|full)/i.test(path) ? 2 : 0) +
    (/mysql/i.test(path) ? 1 : 0) -
    (/demo|sample|example|extra|contrib/i.test(path) ? 3 : 0);
  const ranked = [...fit].sort((a, b) => rank(b.path) - rank(a.path) || a.path.length - b.path.length);
  const [best, second] = ranked;
  if (best === undefined || (second !== undefined && rank(second.path) === rank(best.path))) return undefined;
  return best.path;
}
