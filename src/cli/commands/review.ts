import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { Secret } from "../../kernel/secret.ts";
import { confirm } from "../ask-first.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { printAdded, printLog, printReviews } from "../report/print-reviews.ts";
import { withReporter } from "./with-reporter.ts";

const SITE = "name of the site that runs here, its directory or its file";

/** `howdah review`: environments of merge requests, made when GitLab or GitHub calls. */
export function reviewCommand(program: Command, choose: Choose): void {
  const review = program
    .command("review")
    .summary("environments for merge requests when GitLab or GitHub calls, without a pipeline: add, ls, log, run, rm")
    .description(
      "The agent of this machine takes the webhook of a project at GitLab or GitHub: each merge request gets an environment of its newest commit, which follows its pushes and goes when it is closed, and one comment that says where it is. `howdah ci gitlab|github --review` does the same by a pipeline.",
    );
  add(review, choose);
  list(review, choose);
  log(review, choose);
  run(review, choose);
  remove(review, choose);
}

interface AddFlags {
  readonly github?: string;
  readonly gitlab?: string;
  readonly api?: string;
  readonly tokenFile: string;
  readonly directory?: string;
  readonly forks: boolean;
  readonly listen: string;
}

function add(review: Command, choose: Choose): void {
  review
    .command("add")
    .argument("<site>", SITE)
    .summary("set it up, and print the address and the secret for the platform, once")
    .option("--github <repository>", "OWNER/REPOSITORY")
    .option("--gitlab <url>", "address of the project, such as https://gitlab.com/group/project")
    .option("--api <url>", "address of the API, where the platform is one of your own (https://HOST/api/v3, https://HOST/PATH/api/v4)")
    .requiredOption(
      "--token-file <file>",
      "file with the token of the API: GitHub, contents (read) and pull requests (read and write); GitLab, scope api and role Reporter at least",
    )
    .option("--directory <path>", "the site's directory in the repository (default: its top)")
    .option("--listen <place>", "port, or ADDRESS:PORT, of the loopback where the agent listens", "8484")
    .option("--forks", "merge requests from other projects, too: anybody's code then runs on this machine", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah review add shop --github acme/shop --token-file ./token\n  howdah review add shop --gitlab https://gitlab.example.org/acme/shop --token-file ./token --directory web\n\nA proxy in front leads https://HOST/review/SITE to the place where the agent listens.",
    )
    .action((given: string, flags: AddFlags) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { addReview } = await import("../../workflows/review/add-review.ts");
          const { findRecord } = await import("../../workflows/find-record.ts");
          const record = await findRecord(given, context.directory, ports);
          const { github, gitlab, api, tokenFile, directory = "", forks, listen } = flags;
          const token = await tokenIn(tokenFile, context);
          const added = await addReview(record, { github, gitlab, api, token, directory, forks, listen }, ports, engine);
          await ports.agent.ensureRunning();
          return printAdded(added, context);
        }),
      );
    });
}

/** The token stands in a file: arguments are in everybody's list of processes. */
async function tokenIn(file: string, context: CliContext): Promise<Secret> {
  const text = await readFile(resolve(context.directory, file), "utf8").catch((error: unknown) => {
    throw new HowdahError("usage/invalid", "The file of the token can't be read", { cause: error });
  });
  const token = text.trim();
  if (!/^[\x21-\x7e]{8,1024}$/.test(token))
    throw new HowdahError("usage/invalid", "The file of the token holds no token: one line, no blanks");
  return new Secret(token, "token");
}

function list(review: Command, choose: Choose): void {
  review
    .command("ls")
    .summary("sites whose merge requests get environments")
    .addHelpText("after", "\nExamples:\n  howdah review ls\n  howdah review ls --output json")
    .action(() => {
      choose(async (context) => {
        const { reviewPorts } = await import("../../workflows/review/review.ts");
        printReviews(await reviewPorts(await context.ports()).records.list(), context);
        return 0;
      });
    });
}

function log(review: Command, choose: Choose): void {
  review
    .command("log")
    .argument("<site>", "name of the site")
    .summary("what became of each merge request, and why")
    .addHelpText("after", "\nExamples:\n  howdah review log shop\n  howdah review log shop --output json")
    .action((site: string) => {
      choose(async (context) => {
        const { reviewLog } = await import("../../workflows/review/review-log.ts");
        printLog(await reviewLog(site, await context.ports()), context);
        return 0;
      });
    });
}

function run(review: Command, choose: Choose): void {
  review
    .command("run")
    .argument("<site>", "name of the site")
    .argument("<number>", "number of the merge request")
    .summary("look at a merge request as if the platform had called: one that was there before, or that failed")
    .addHelpText("after", "\nExamples:\n  howdah review run shop 12\n\nThe agent does it; `howdah review log shop` says how it ended.")
    .action((site: string, text: string) => {
      choose(async (context) => {
        const { requireReview } = await import("../../workflows/review/remove-review.ts");
        const { requestReview } = await import("../../workflows/review/request-review.ts");
        const { reviewPorts } = await import("../../workflows/review/review.ts");
        const ports = await context.ports();
        await requireReview(site, ports);
        if (!/^[1-9]\d{0,8}$/.test(text)) throw new HowdahError("usage/invalid", `${JSON.stringify(text)} is no number of a merge request`);
        await requestReview({ site, number: Number(text) }, reviewPorts(ports));
        await ports.agent.ensureRunning();
        context.terminal.out(
          context.flags.output === "json" ? `${JSON.stringify({ site, number: Number(text) })}\n` : "It will be looked at\n",
        );
        return 0;
      });
    });
}

function remove(review: Command, choose: Choose): void {
  review
    .command("rm")
    .argument("<site>", "name of the site")
    .summary("end it; environments stay until their time is over")
    .option("-y, --yes", "do not ask", false)
    .addHelpText("after", "\nExamples:\n  howdah review rm shop --yes\n\nDelete the webhook at the platform, too.")
    .action((site: string, flags: { readonly yes: boolean }) => {
      choose(async (context) => {
        const { removeReview, requireReview } = await import("../../workflows/review/remove-review.ts");
        const ports = await context.ports();
        await requireReview(site, ports);
        await confirm(`Forget the token and the webhook's secret of ${site}?`, flags.yes, context);
        const environments = await removeReview(site, ports);
        const words = environments.length === 0 ? "" : `; still here: ${environments.join(", ")}`;
        context.terminal.out(
          context.flags.output === "json" ? `${JSON.stringify({ site, environments })}\n` : `The review of ${site} is ended${words}\n`,
        );
        return 0;
      });
    });
}
