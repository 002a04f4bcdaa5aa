import type { SiteRecord } from "../../workflows/ports.ts";
import type { ReleaseOutcome } from "../../workflows/release/release.ts";
import type { KnownRelease } from "../../workflows/release/release-store.ts";
import type { CliContext } from "../context.ts";
import { table } from "./table.ts";

/** The answer of `releases`: a table with the one that serves marked, or all that is kept of them. */
export function printReleases(record: SiteRecord, known: readonly KnownRelease[], context: CliContext): number {
  if (context.terminal.output === "json") {
    const releases = known.map(({ release, outcome }) => {
      const { id, when, who, why, git, images, codeDigest, configDigest, migration, rollbackOf } = release;
      return {
        id,
        serving: outcome?.state === "serving",
        when,
        who,
        why,
        git,
        images,
        codeDigest,
        configDigest,
        migration,
        rollbackOf,
        outcome,
      };
    });
    context.terminal.out(`${JSON.stringify({ site: record.namespace, releases }, null, 2)}\n`);
    return 0;
  }
  if (known.length === 0) {
    context.terminal.out(`${record.namespace} has no release yet: an older Howdah started it. \`howdah deploy\` makes one.\n`);
    return 0;
  }
  const rows = known.map(({ release: { id, when, who, git, why, rollbackOf }, outcome }) => [
    outcome?.state === "serving" ? "*" : "",
    id,
    when.slice(0, 19).replace("T", " "),
    who,
    git === null ? "-" : `${git.commit.slice(0, 9)}${git.dirty ? "+" : ""}`,
    outcomeWords(outcome),
    why ?? (rollbackOf === null ? "" : `back to ${rollbackOf}`),
  ]);
  context.terminal.out(table([["", "RELEASE", "WHEN (UTC)", "WHO", "COMMIT", "OUTCOME", "WHY"], ...rows]));
  return 0;
}

/** What became of a release, in a few words. */
export function outcomeWords(outcome: ReleaseOutcome | undefined): string {
  if (outcome === undefined) return "unknown";
  if (outcome.state === "failed") return `failed at ${outcome.step}: ${outcome.code}`;
  return outcome.state === "interrupted" ? `interrupted at ${outcome.step}` : outcome.state;
}
