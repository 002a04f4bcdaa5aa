import { describe, expect, it } from "vitest";
import { lastWord } from "./judge-pods.ts";

describe("the last word of a pod that fell", () => {
  it.each<{ name: string; why: string; words: string[]; says: string | undefined }>([
    {
      name: "is the line of the container that fell which sounds like it",
      why: "php: it ended with exit code 70",
      words: ["web: [error] connect() failed", "php: Fatal error: Uncaught Exception: no", "php: #0 {main}"],
      says: "Fatal error: Uncaught Exception: no",
    },
    { name: "is its last line when none does", why: "php: it ended with exit code 1", words: ["php: a", "php: b", "web: c"], says: "b" },
    { name: "needs no name in a pod of one container", why: "web: it ended with exit code 1", words: ["[emerg] no"], says: "[emerg] no" },
    { name: "is nothing when nothing was said", why: "web: it ended with exit code 1", words: [], says: undefined },
    { name: "fits a line", why: "web: it", words: [`web: error ${"x".repeat(1000)}`], says: `error ${"x".repeat(394)}` },
  ])("$name", ({ why, words, says }) => {
    expect(lastWord(why, words)).toBe(says);
  });
});
