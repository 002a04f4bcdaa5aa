import type { SiteDocument } from "../../site/schema/site-document.ts";
import type { ComposerFacts } from "../composer-facts.ts";
import type { Evidence } from "../evidence.ts";
import type { Finding } from "../finding.ts";
import { baseOf, type Survey } from "../survey.ts";

type Spec = NonNullable<SiteDocument["spec"]>;

/** Scheduled and long-running commands. */
export interface ProposedJobs {
  readonly crons: NonNullable<Spec["crons"]>;
  readonly workers: NonNullable<Spec["workers"]>;
}

const crontabName = /(^|\/)(crontab[\w.-]*|[\w.-]*\.cron|cron\.d\/[\w.-]+|[\w.-]*\.cron\.d|crons?\.(txt|example|dist))$/i;
const field = String.raw`[\d*,/-]+`;
const line = new RegExp(String.raw`^\s*((?:${field}\s+){4}${field}|@(?:hourly|daily|weekly|monthly))\s+(?:[a-z_][\w-]*\s+)?(.+)$`, "i");

/** The command of a crontab line as an argument line of the site: only PHP scripts of the tree, without shell syntax. */
function commandOf(survey: Survey, text: string): string | undefined {
  const found =
    /(?:^|[\s;&|])(?:\/usr\/bin\/)?(?:php[\d.]*\s+(?:-\S+\s+)*)?(\/?[\w./-]+\.(?:php|sh)|[\w./-]*\/(?:artisan|console|occ|think))((?:\s+[\w=./:-]+)*)/.exec(
      text,
    );
  const script = found?.[1];
  if (script === undefined) return undefined;
  const parts = script.split("/").filter((part) => part !== "" && part !== ".");
  for (let from = 0; from < parts.length; from += 1) {
    const path = parts.slice(from).join("/");
    if (survey.has(path) && survey.php.some((file) => file.path === path))
      return `php ${path}${(found?.[2] ?? "").replace(/\s+(?:\/dev\/null|\d)$/, "")}`.trim();
  }
  return undefined;
}

function cronName(command: string, taken: ReadonlySet<string>): string {
  const base = baseOf(command.split(" ")[1] ?? "job")
    .replace(/\.\w+$/, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^[^a-z]+|-+$/g, "")
    .slice(0, 30);
  const name = base === "" ? "job" : base;
  let unique = name;
  for (let count = 2; taken.has(unique); count += 1) unique = `${name}-${count}`;
  return unique;
}

/** Proposes crons from crontab files of the tree and from frameworks' schedulers, and workers from their queues. */
export function chooseCrons(survey: Survey, composer: ComposerFacts): Finding<ProposedJobs> {
  const crons: Record<string, { schedule: string; command: string }> = {};
  const evidence: Evidence[] = [];
  const commands = new Set<string>();
  const add = (schedule: string, command: string, because: Pick<Evidence, "because" | "file" | "line">): void => {
    if (commands.has(command) || commands.size >= 20) return;
    commands.add(command);
    const name = cronName(command, new Set(Object.keys(crons)));
    crons[name] = { schedule, command };
    evidence.push({ field: `spec.crons.${name}`, value: command, confidence: "likely", ...because });
  };
  for (const file of survey.files) {
    if (!crontabName.test(file) || survey.origin(file) === "vendor") continue;
    (survey.read(file) ?? "").split(/\r?\n/).forEach((text, at) => {
      const found = line.exec(text);
      const command = found === null ? undefined : commandOf(survey, found[2] ?? "");
      if (found?.[1] !== undefined && command !== undefined)
        add(found[1].replaceAll(/\s+/g, " "), command, { because: "its crontab says so", file, line: at + 1 });
    });
  }
  if (survey.has("artisan") && composer.require["laravel/framework"] !== undefined && schedules(survey)) {
    add("* * * * *", "php artisan schedule:run", { because: "Laravel's scheduler has tasks", file: "artisan" });
  }
  return { value: { crons, workers: workersOf(survey) }, evidence, diagnostics: [] };
}

function schedules(survey: Survey): boolean {
  return ["app/Console/Kernel.php", "routes/console.php"].some((path) =>
    /^\s*(?!\s*\/\/).*(?:\$schedule->|Schedule::)(?:command|job|call|exec)/m.test(survey.read(path) ?? ""),
  );
}

/** Long-running programs that a Procfile names. */
function workersOf(survey: Survey): ProposedJobs["workers"] {
  const workers: Record<string, { command: string }> = {};
  for (const text of (survey.read("Procfile") ?? "").split(/\r?\n/)) {
    const found = /^([a-z][a-z0-9-]{0,30}):\s*(php\s+[\w./:=\s-]+)$/.exec(text);
    if (found?.[1] !== undefined && found[1] !== "web" && found[1] !== "release" && found[2] !== undefined)
      workers[found[1]] = { command: found[2].trim() };
  }
  return workers;
}
