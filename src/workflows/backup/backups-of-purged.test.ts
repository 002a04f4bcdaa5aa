import { expect, it } from "vitest";
import { keptBackupsWords } from "./backups-of-purged.ts";

it.each([
  { of: [], words: "" },
  { of: [{ store: "default" }], words: "1 backup in the store default (`howdah backup ls shop`)" },
  {
    of: [{ store: "default" }, { store: "far" }, { store: "far" }],
    words: "3 backups in the store default, far (`howdah backup ls shop`)",
  },
])("says which backups of a purged site stay: $words", ({ of, words }) => {
  expect(keptBackupsWords(of, "shop")).toBe(words);
});
