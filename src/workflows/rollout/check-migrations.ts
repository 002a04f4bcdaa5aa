import { dirname, join, resolve } from "node:path";
import { unsafeMigrations } from "../../detect/migrations/unsafe-migrations.ts";
import type { Diagnostic } from "../../kernel/diagnostic.ts";
import type { Emit } from "../../kernel/event.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { watches } from "../../providers/image/watched-files.ts";
import type { ProjectFiles, Ports, SiteRecord } from "../ports.ts";

/** Of more findings than these only the first are said one by one. */
const SAID = 20;

/**
 * Judges the migration files that the database has not seen (new or changed since the release that serves) before they run beside it.
 * Under the exclusive strategy nothing serves meanwhile, so nothing can break. Errors: `site/migration-unsafe` where the site file refuses.
 */
export async function checkMigrations(coming: SiteRecord, ports: Pick<Ports, "records" | "files">, emit: Emit): Promise<void> {
  const { site } = coming;
  if (site.migration.unsafe === "allow" || site.rollout.strategy === "exclusive") return;
  const seen = (await ports.records.get(coming.namespace))?.watched ?? {};
  const fresh = Object.keys(coming.watched).filter((path) => coming.watched[path] !== seen[path]);
  const findings = await judge(fresh, resolve(dirname(coming.file), site.source), ports.files);
  if (findings.length === 0) return;
  const lines = findings.map(({ file = "", line = 0, message, hint = "" }) => `${file}:${String(line)}: ${message}. ${hint}`);
  if (site.migration.unsafe === "refuse")
    throw new HowdahError("site/migration-unsafe", `${site.name}'s migration would break the release that still serves`, { output: lines });
  for (const message of lines.slice(0, SAID)) emit({ type: "notice", level: "warning", message });
  if (lines.length > SAID)
    emit({
      type: "notice",
      level: "warning",
      message: `and ${String(lines.length - SAID)} more: \`howdah check --migrations\` names them`,
    });
}

/** Judges every migration file of a tree that the patterns name, whether it ran before or not. */
export async function judgeTree(directory: string, patterns: readonly string[], files: ProjectFiles): Promise<readonly Diagnostic[]> {
  const watched = watches(patterns);
  const tree = await files.tree(directory);
  const texts = tree.entries
    .filter(({ path, kind }) => kind === "file" && watched(path))
    .map(({ path }) => ({ path, text: tree.read(path) ?? "" }));
  return unsafeMigrations(texts);
}

async function judge(paths: readonly string[], directory: string, files: ProjectFiles): Promise<readonly Diagnostic[]> {
  const read = paths
    .filter((path) => /\.(sql|php)$/.test(path))
    .map(async (path) => ({ path, text: (await files.read(join(directory, path))) ?? "" }));
  return unsafeMigrations(await Promise.all(read));
}
