import { describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { nameFailure } from "./name-failure.ts";

const system = (code: string, path?: string): Error =>
  Object.assign(new Error(`${code}: refused`), { code, ...(path === undefined ? {} : { path }) });

describe("a failure's name", () => {
  it.each<[name: string, thrown: unknown, aborted: boolean, code: string, words: string]>([
    ["keeps what has one", new HowdahError("site/unknown", "no such"), true, "site/unknown", "no such"],
    ["says of anything after Ctrl-C that it was stopped", new Error("aborted"), true, "cancelled", "Stopped"],
    ["names a full file system", system("ENOSPC", "/state/x"), false, "machine/disk-full", "/state/x"],
    ["names it behind a wrapper", new Error("copying", { cause: system("EDQUOT", "/cache") }), false, "machine/disk-full", "/cache"],
    ["names a full file system without a path", system("ENOSPC"), false, "machine/disk-full", "this machine"],
    ["says that root is needed", system("EACCES", "/var/lib/x"), false, "machine/needs-root", "/var/lib/x"],
    ["calls anything else a bug", new TypeError("x is undefined"), false, "bug", "x is undefined"],
    ["calls a thrown text a bug", "oops", false, "bug", "oops"],
  ])("%s", (_name, thrown, aborted, code, words) => {
    const named = nameFailure(thrown, aborted);
    expect(named.code).toBe(code);
    expect(named.message).toContain(words);
  });
});
