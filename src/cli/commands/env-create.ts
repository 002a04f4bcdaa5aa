import { readFile, realpath, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { Secret } from "../../kernel/secret.ts";
import { hostname, variableName } from "../../site/schema/grammar.ts";
import type { CreateRequest } from "../../workflows/environment/create-environment.ts";
import type { WantedData } from "../../workflows/environment/environment-data.ts";
import type { SiteRecord } from "../../workflows/ports.ts";
import { SITE_FILE } from "../../workflows/up/locate-site.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { printMade } from "../report/print-environments.ts";
import { secondsFrom } from "../seconds-from.ts";
import { type ClusterFlags, clusterOptions, contextOf } from "./cluster-options.ts";
import { createThere } from "./env-there.ts";
import { withReporter } from "./with-reporter.ts";

interface CreateFlags extends ClusterFlags {
  readonly fromBranch?: string;
  readonly commit?: string;
  readonly checkout?: string;
  readonly dataset?: string;
  readonly fresh?: true;
  readonly cloneOf?: string;
  readonly ttl?: string;
  readonly hostname?: string;
  readonly size?: NonNullable<CreateRequest["size"]>;
  readonly php?: NonNullable<CreateRequest["php"]>;
  readonly set?: readonly string[];
  readonly secret?: readonly string[];
  readonly owner?: string;
  readonly password?: boolean;
  readonly idle?: string;
  readonly wait: string;
}

/** `howdah env create`: a copy of a site, with an address, in seconds. */
export function envCreate(env: Command, choose: Choose): void {
  const command = env
    .command("create")
    .argument("<name>", "its name: small letters, digits and single hyphens, 24 at most")
    .argument("[site]", "name of the site that runs here, its directory or its file (default: the current directory)")
    .summary("make an environment and answer its address; with a branch and again: bring the branch's newest commit")
    .option("--from-branch <branch>", "build the newest commit of this branch (default: the images of the release that serves)")
    .option("--commit <commit>", "build this commit")
    .option(
      "--checkout <directory>",
      "the site's directory, or its file, in the repository with that branch or commit (default: where the site was deployed from)",
    )
    .addOption(new Option("--dataset <generation>", "data: `current` (default), or a generation that `howdah dataset ls` shows"))
    .option("--fresh", "data: none; the install hook makes it")
    .option("--clone-of <environment>", "data: that of another environment of the site, as it is now")
    .option("--ttl <time>", "how long it lives: 12h, 3d, 2w or never (default: the site file's, 7d)")
    .option("--hostname <name>", "its hostname (default: the site file's pattern, NAME.HOSTNAME)")
    .addOption(
      new Option("--size <size>", "memory of PHP and database (default: the site file's, small)").choices([
        "small",
        "medium",
        "large",
        "production",
      ]),
    )
    .addOption(new Option("--php <version>", "another version of PHP, for a branch or commit").choices(["7.4", "8.2", "8.4"]))
    .option("--set <variable...>", "VARIABLE=VALUE: a variable that is different here")
    .option("--secret <secret...>", "NAME/KEY=FILE: a secret of its own, read from a file")
    .option("--owner <who>", "whose it is (default: you)")
    .option("--password", "browsers are asked for a password (default: as the site file says)")
    .option("--no-password", "they are not")
    .option("--idle <time>", "sleep after so long without a visit, or `never` (default: the site file's, 30m)")
    .option("--wait <time>", "how long to wait for memory; with --context: until it serves", "10m")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah env create review shop\n  howdah env create pr-12 shop --from-branch feature/search --ttl 3d\n  howdah env create empty shop --fresh\n  howdah env create two shop --clone-of review\n  howdah env create review shop --set APP_DEBUG=1 --secret smtp/password=./sandbox.txt\n  howdah env create review shop --context prod\n\nProduction's secrets are not in it: what the site needs has a stand-in in `spec.environments.secrets`, is given here, or stored with `howdah secret set SITE--NAME`. On a cluster --secret is put into its own namespace, which takes the right to write Secrets there.",
    )
    .action((name: string, given: string | undefined, flags: CreateFlags) => {
      const chosen = contextOf(flags);
      choose(async (context) => {
        if (chosen !== undefined)
          return await createThere({ given, flags, chosen }, (production) => requestOf(name, flags, production, context), context);
        return await withReporter(context, async (ports, engine) => {
          const { findRecord } = await import("../../workflows/find-record.ts");
          const { createEnvironment } = await import("../../workflows/environment/create-environment.ts");
          const production = await findRecord(given, context.directory, ports);
          const request = await requestOf(name, flags, production, context);
          return printMade(await createEnvironment(production, request, ports, engine), context);
        });
      });
    });
  clusterOptions(command);
}

async function requestOf(name: string, flags: CreateFlags, production: SiteRecord, context: CliContext): Promise<CreateRequest> {
  const { fromBranch, commit, ttl, size, owner, password, idle } = flags;
  if (fromBranch !== undefined && commit !== undefined)
    throw new HowdahError("usage/invalid", "--from-branch and --commit both say which code it runs: take one");
  if (flags.checkout !== undefined && fromBranch === undefined && commit === undefined)
    throw new HowdahError("usage/invalid", "--checkout says where a commit is: name it with --from-branch or --commit");
  if (flags.hostname !== undefined && !hostname.safeParse(flags.hostname).success)
    throw new HowdahError("usage/invalid", `${JSON.stringify(flags.hostname)} is no hostname such as review.example.org`);
  if (idle !== undefined && idle !== "never") secondsFrom(idle, "--idle");
  return {
    ...{ name, ttl, size, owner, password, idle, hostname: flags.hostname, php: flags.php ?? null },
    code: fromBranch !== undefined ? { branch: fromBranch } : commit !== undefined ? { commit } : undefined,
    checkout: flags.checkout === undefined ? undefined : await siteFileIn(flags.checkout, context),
    data: dataOf(flags, production),
    variables: Object.fromEntries((flags.set ?? []).map(variableOf)),
    secrets: await Promise.all((flags.secret ?? []).map((text) => secretOf(text, context))),
    patienceMs: secondsFrom(flags.wait, "--wait") * 1000,
  };
}

/** Git names the top of a checkout by its real path: what is below it has to be named so, too. */
async function siteFileIn(checkout: string, context: CliContext): Promise<string> {
  const real = await realpath(resolve(context.directory, checkout)).catch((error: unknown) => {
    throw new HowdahError("usage/invalid", `There is no ${JSON.stringify(checkout)}`, { cause: error });
  });
  return (await stat(real)).isDirectory() ? join(real, SITE_FILE) : real;
}

function dataOf({ dataset, fresh, cloneOf }: CreateFlags, { site }: SiteRecord): WantedData {
  if ([dataset, fresh, cloneOf].filter((one) => one !== undefined).length > 1)
    throw new HowdahError("usage/invalid", "--dataset, --fresh and --clone-of all say which data it has: take one");
  if (cloneOf !== undefined) return { kind: "clone", of: cloneOf };
  const hasNone = site.database === null && !site.mounts.some(({ storage }) => storage === "shared");
  if (fresh === true || (hasNone && dataset === undefined)) return { kind: "fresh" };
  return { kind: "dataset", generation: dataset === undefined || dataset === "current" ? undefined : dataset };
}

function variableOf(text: string): readonly [string, string] {
  const equals = text.indexOf("=");
  const name = text.slice(0, Math.max(0, equals));
  if (variableName.safeParse(name).success) return [name, text.slice(equals + 1)];
  throw new HowdahError("usage/invalid", `--set takes VARIABLE=VALUE, not ${JSON.stringify(text)}`);
}

/** The value stands in a file: arguments are in everybody's list of processes. */
async function secretOf(text: string, context: CliContext): Promise<CreateRequest["secrets"][number]> {
  const [, name = "", key = "value", file = ""] = /^([a-z][a-z0-9-]{0,62})(?:\/([A-Za-z0-9._-]{1,128}))?=(.+)$/.exec(text) ?? [];
  if (name === "") throw new HowdahError("usage/invalid", `--secret takes NAME/KEY=FILE, not ${JSON.stringify(text.split("=")[0])}`);
  const value = await readFile(resolve(context.directory, file), "utf8").catch((error: unknown) => {
    throw new HowdahError("usage/invalid", `The file of the secret ${name}/${key} can't be read`, { cause: error });
  });
  const trimmed = value.replace(/\r?\n$/, "");
  if (trimmed === "" || trimmed.includes("\0") || trimmed.length > 1024 * 1024)
    throw new HowdahError("usage/invalid", `The file of the secret ${name}/${key} is empty, larger than 1 MiB, or holds a NUL`);
  return { name, key, value: new Secret(trimmed, `${name}/${key}`) };
}
