import { detect } from "../../detect/detect.ts";
import type { Proposal } from "../../detect/evidence.ts";
import { recipes } from "../../detect/recipes/recipes.ts";
import { hasErrors } from "../../kernel/diagnostic.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { checkSite } from "../../site/check-site.ts";
import { parseSite } from "../../site/parse-site.ts";
import { printSite } from "../../site/print-site.ts";
import type { Ports } from "../ports.ts";
import { locateSite, nameFromDirectory } from "../up/locate-site.ts";

/** `howdah init` as typed. `ask` lets a person change the proposal on a terminal. */
export interface InitCommand {
  readonly given: string;
  readonly directory: string;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly name?: string;
  readonly ask?: ((proposal: Proposal) => Promise<Proposal>) | undefined;
}

/** What was proposed, and where it was written (or would be). */
export interface InitResult {
  readonly proposal: Proposal;
  readonly file: string;
  readonly text: string;
  readonly written: boolean;
}

/** Comments for the printed file: why each field is what it is. */
function comments(proposal: Proposal): Record<string, string> {
  return Object.fromEntries(
    proposal.evidence.map(({ field, because, file, line }) => [
      field,
      `${because}${file === undefined || because.includes(file) ? "" : ` (${file}${line === undefined ? "" : `:${String(line)}`})`}`,
    ]),
  );
}

/** Proposes a site file for a tree and writes it, unless it is only asked what it would be. It never runs the tree's code. */
export async function initSite(command: InitCommand, ports: Pick<Ports, "files">): Promise<InitResult> {
  const place = await locateSite(command.given, command.directory, ports.files);
  if (place.exists && !command.force && !command.dryRun) throw new HowdahError("site/exists", `${place.file} is already there`);
  const tree = await ports.files.tree(place.directory);
  const name = command.name ?? nameFromDirectory(await ports.files.realpath(place.directory));
  const found = detect(tree, { name, recipes });
  const empty = found.diagnostics.find((diagnostic) => diagnostic.code === "detect/empty");
  if (empty !== undefined) throw new HowdahError("detect/empty", empty.message);
  if (hasErrors(found.diagnostics) && !command.dryRun)
    throw new HowdahError(
      "detect/unsupported",
      found.diagnostics.find(({ severity }) => severity === "error")?.message ?? "The tree can't be run",
      { diagnostics: found.diagnostics },
    );
  const proposal = command.ask === undefined ? found : await command.ask(found);
  const text = printSite(proposal.site, { comments: comments(proposal) });
  assertReadable(text);
  if (!command.dryRun) await ports.files.write(place.file, text, { backup: true });
  return { proposal, file: place.file, text, written: !command.dryRun };
}

/** A proposal that our own reader refuses is our fault, never the user's. */
function assertReadable(text: string): void {
  const { diagnostics } = checkSite(parseSite(text), { environment: "production" });
  if (hasErrors(diagnostics))
    throw new HowdahError("bug", "The proposed site file does not pass its own check", {
      diagnostics,
      output: diagnostics.map((diagnostic) => `${diagnostic.path.join(".")}: ${diagnostic.message}`),
    });
}
