import { z } from "zod";
import { readAnswer } from "./platform-api.ts";

const listed = z.array(z.object({ id: z.number().int(), body: z.string().nullish() }));

const PER_PAGE = 100;
const MOST_PAGES = 10;

/**
 * The comment that begins with the marker, the oldest: what a process that was killed had made before it wrote down its id. A quote of one does not begin
 * with it.
 */
export async function findComment(
  marker: string,
  platform: "GitHub" | "GitLab",
  page: (query: string) => Promise<unknown>,
): Promise<string | undefined> {
  for (let number = 1; number <= MOST_PAGES; number++) {
    const comments = readAnswer(listed, (await page(`per_page=${String(PER_PAGE)}&page=${String(number)}`)) ?? [], {
      platform,
      what: "list of comments",
    });
    const found = comments.find(({ body }) => body?.startsWith(marker) === true);
    if (found !== undefined) return String(found.id);
    if (comments.length < PER_PAGE) return undefined;
  }
  return undefined;
}
