import { dirname, join, relative, resolve } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { renderGithub } from "../../render/ci/github.ts";
import { renderGitlab } from "../../render/ci/gitlab.ts";
import type { Pipeline } from "../../render/ci/pipeline.ts";
import { InvalidSiteError } from "../load-site/invalid-site-error.ts";
import { loadFindings } from "../load-site/load-site.ts";
import type { ProjectFiles } from "../ports.ts";
import { planTests, versionsOf } from "../test/plan-tests.ts";
import { LOCK_FILE, SITE_FILE } from "../up/locate-site.ts";
import { detectTests } from "./detect-tests.ts";

/** `howdah ci` as typed. */
export interface CiCommand {
  readonly platform: "gitlab" | "github";
  readonly given: string | undefined;
  readonly directory: string;
  /** `7.4,8.2`; left out: the site's own version. */
  readonly php: string | undefined;
  /** The program that tests the site; empty: what its tree shows. */
  readonly argv: readonly string[];
  /** With an environment for each merge request. */
  readonly review: boolean;
  readonly write: boolean;
  /** Replace a file that says something else; it is kept beside the new one. */
  readonly force: boolean;
}

/** A pipeline, and where it belongs. */
export interface CiResult {
  readonly file: string;
  readonly text: string;
  readonly written: boolean;
}

const places = { gitlab: ".gitlab-ci.yml", github: ".github/workflows/howdah.yml" } as const;

/**
 * A pipeline that tests a site on its versions of PHP, builds its images and pushes them, from the site file.
 * Errors: `usage/invalid` when nobody says how the site is tested, or the file is there and says something else; `site/*`.
 */
export async function writeCi(command: CiCommand, files: ProjectFiles): Promise<CiResult> {
  const findings = await loadFindings(command.given, command.directory, files);
  const { site, file: siteFile } = findings;
  if (site === undefined) throw new InvalidSiteError(findings);
  const root = await repositoryRoot(dirname(siteFile), files);
  const versions = command.php === undefined ? undefined : versionsOf(command.php);
  const testable = site.runtime !== null && site.runtime.image === null;
  // who names versions or a program wants tests, and hears why there can be none
  const asked = versions !== undefined || command.argv.length > 0;
  const php = testable || asked ? planTests(findings, versions).map((planned) => planned.php) : [];
  const tests =
    command.argv.length > 0 || php.length === 0
      ? { command: command.argv, report: null }
      : await detectTests((path) => files.read(resolve(dirname(siteFile), site.source, path)));
  if (tests === undefined) {
    throw new HowdahError(
      "usage/invalid",
      `How is ${site.name} tested? Its tree has neither PHPUnit's configuration nor a composer script \`test\``,
      {
        hint: `Say it after \`--\`: \`howdah ci ${command.platform} -- php tests/run.php\`.`,
      },
    );
  }
  const pipeline: Pipeline = {
    ...{
      site: site.name,
      path: pathOf(root, siteFile),
      lockFile: relative(root, join(dirname(siteFile), LOCK_FILE)),
      php,
      command: tests.command,
      report: tests.report,
    },
    ...{ repository: site.image.repository, registrySecret: site.image.secret, review: command.review },
  };
  const text = command.platform === "gitlab" ? renderGitlab(pipeline) : renderGithub(pipeline);
  const file = join(root, places[command.platform]);
  if (!command.write) return { file, text, written: false };
  const there = await files.read(file);
  if (there !== undefined && there !== text && !command.force) {
    throw new HowdahError("usage/invalid", `${file} is there already and says something else`, {
      hint: "Compare it with what the command prints without --write. --force replaces it and keeps the old one with `.bak` at its name.",
    });
  }
  if (there !== text) await files.write(file, text, { backup: true });
  return { file, text, written: there !== text };
}

/** What `howdah` is given in the pipeline, which starts at the repository's root. */
function pathOf(root: string, siteFile: string): string {
  const path = relative(root, siteFile);
  if (path === SITE_FILE) return ".";
  return path.endsWith(`/${SITE_FILE}`) ? dirname(path) : path;
}

/** The nearest directory with version control, as pipelines belong there; the site's own without. */
async function repositoryRoot(directory: string, files: ProjectFiles): Promise<string> {
  for (let at = directory; ; at = dirname(at)) {
    if ((await files.kind(join(at, ".git"))) !== "missing") return at;
    if (dirname(at) === at) return directory;
  }
}
