import { expect, it } from "vitest";
import { tallyFiles } from "./file-forms.ts";

it("says of files which kinds and how many, and no name of any", () => {
  const tally = tallyFiles();
  expect([tally.forms(), tally.names()]).toEqual([[], undefined]);
  for (const path of ["anna-meier/letter.PDF", "pat/invoice of pat.pdf", "anna.meier@example", "anna.meier", ".anna", "anna"])
    tally.add(path);
  expect(tally.forms()).toEqual(["* (4)", "*.pdf (2)"]);
  for (let more = 0; more < 20; more += 1) tally.add("more");
  expect(tally.names()).toMatch(/^"anna-meier\/letter.PDF", .* and 6 more$/);
});
