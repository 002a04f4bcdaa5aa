import type { ReviewState } from "./review.ts";

/** What the comment is made of. */
export interface CommentFacts extends Pick<ReviewState, "site" | "commit" | "url" | "reason"> {
  /** `waiting`: it is tried again later. */
  readonly phase: ReviewState["phase"] | "waiting";
  readonly environment: string;
  readonly password: boolean;
}

/** The comment's words: Markdown. No word of a platform or a program is in it but as code, in which nobody is named and nothing is a link. */
export function commentText({ site, phase, commit, url, reason, environment, password }: CommentFacts): string {
  const of = commit === null ? "" : ` of ${code(commit.slice(0, 12))}`;
  const where = url === null ? "" : `\n\n${url}`;
  const words: Readonly<Record<CommentFacts["phase"], () => string>> = {
    building: () => `**Howdah** is making an environment${of}.${url === null ? "" : ` Until then, what was there before:${where}`}`,
    waiting: () =>
      `**Howdah** waits to make an environment${of}: ${code(reason ?? "unknown")}\n\nIt is tried again by itself.${url === null ? "" : ` Until then, what was there before:${where}`}`,
    serving: () => `**Howdah** has made an environment${of}:${where}${password ? passwordWords(environment, site) : ""}`,
    failed: () =>
      `**Howdah** could not make an environment${of}: ${code(reason ?? "unknown")}\n\nThe next push tries again, and so does ${code(`howdah review run ${site} NUMBER`)} on its machine.`,
    refused: () => `**Howdah** makes no environment for this: ${code(reason ?? "unknown")}`,
    gone: () => "**Howdah** has deleted the environment, with its data.",
  };
  return words[phase]();
}

function passwordWords(environment: string, site: string): string {
  return `\n\nIt asks for a password, which ${code(`howdah env show ${environment} ${site}`)} says.`;
}

const MOST = 400;

function code(text: string): string {
  return `\`${text.replaceAll(/[`\p{Cc}\p{Cf}]+/gu, " ").slice(0, MOST)}\``;
}
