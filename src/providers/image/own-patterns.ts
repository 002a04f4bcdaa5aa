import { access } from "node:fs/promises";
import { join } from "node:path";
import { neverInImages } from "./ignore-patterns.ts";

/** What of a tree is never copied anywhere, whatever its own ignore file says: `neverInImages`, as its framework needs it. */
export async function ownPatterns(source: string): Promise<readonly string[]> {
  // Symfony's Flex commits `.env`: defaults without secrets, which the application must have
  const symfony = await access(join(source, "symfony.lock")).then(
    () => ["!/.env"],
    () => [],
  );
  return [...neverInImages, ...symfony];
}
