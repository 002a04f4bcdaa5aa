import { HowdahError } from "../../kernel/howdah-error.ts";

const GRAMMAR = /^[a-z0-9](?:[a-z0-9-]|\.(?!\.)){0,127}$/;

/**
 * A name that is safe as a file's: small letters, digits, `-` and single dots, 128 at most, beginning with a letter or digit.
 * What begins with a dot or contains two of them is ours. Error: `usage/invalid`.
 */
export function storageId(id: string): string {
  if (GRAMMAR.test(id)) return id;
  throw new HowdahError("usage/invalid", `${JSON.stringify(id)} can't name a volume of datasets`, {
    hint: "Use small letters, digits, `.` and `-`, 128 at most, beginning with a letter or digit.",
  });
}
