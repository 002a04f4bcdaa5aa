import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { REVIEW_RUNNER } from "../../render/ci/review.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { wordsAfterDashes } from "../words-after-dashes.ts";

interface CiFlags {
  readonly php?: string;
  readonly review: boolean;
  readonly write: boolean;
  readonly force: boolean;
}

const platforms = {
  gitlab: { name: "GitLab CI", file: ".gitlab-ci.yml" },
  github: { name: "GitHub Actions", file: ".github/workflows/howdah.yml" },
} as const;

/** `howdah ci`: a pipeline from the site file. */
export function ciCommand(program: Command, choose: Choose): void {
  const ci = program.command("ci").summary("write a pipeline that tests a site, builds its images and pushes them: gitlab, github");
  for (const platform of ["gitlab", "github"] as const) platformCommand(ci, platform, choose);
}

function platformCommand(ci: Command, platform: keyof typeof platforms, choose: Choose): void {
  const { name, file } = platforms[platform];
  const command = ci
    .command(platform)
    .usage("[options] [site] [-- <command...>]")
    .argument("[site]", "directory or site file (default: .)")
    .argument("[command...]", "the program that tests the site, with its arguments, after --")
    .summary(`a pipeline for ${name}`)
    .description(
      `Prints ${file}, or writes it: tests on each version of PHP, then images, pushed with tags from git to spec.image.repository or the platform's own registry. What tests the site follows \`--\`; left out, it is composer's script \`test\` or PHPUnit, when the tree has one. No secret is in the file: it names the variables to set.`,
    )
    .option("--php <versions>", "versions of PHP to test on, such as 7.4,8.2,8.4 (default: the site's own)")
    .option(
      "--review",
      `an environment for each merge request, by a runner on the machine where the site runs (tag ${REVIEW_RUNNER})`,
      false,
    )
    .option("--write", `write ${file} at the repository's root`, false)
    .option("--force", "replace a file that is there; the old one is kept with .bak at its name", false)
    .addHelpText(
      "after",
      `\nExamples:\n  howdah ci ${platform} --php 8.2,8.4\n  howdah ci ${platform} --php 8.2,8.4 --write -- php tests/run.php\n  howdah ci ${platform} --review --write`,
    )
    .action((_site: unknown, _words: unknown, flags: CiFlags) => {
      choose((context) => writePipeline({ command, platform, flags }, context));
    });
}

async function writePipeline(
  { command, platform, flags }: { readonly command: Command; readonly platform: keyof typeof platforms; readonly flags: CiFlags },
  context: CliContext,
): Promise<number> {
  const { before, after } = wordsAfterDashes(command);
  if (before.length > 1) {
    throw new HowdahError("usage/invalid", "ci takes one site", {
      hint: `The program that tests it follows \`--\`: \`howdah ci ${platform} -- vendor/bin/phpunit\`.`,
    });
  }
  const { writeCi } = await import("../../workflows/ci/write-ci.ts");
  const { file, text, written } = await writeCi(
    { platform, given: before[0], directory: context.directory, argv: after, ...flags, php: flags.php },
    await context.files(),
  );
  const { terminal } = context;
  if (context.flags.output === "json") terminal.out(`${JSON.stringify({ file, written, text }, null, 2)}\n`);
  else if (flags.write) terminal.out(`${file} ${written ? "is written" : "says it already"}\n`);
  else terminal.out(text);
  return 0;
}
