import { expect, it } from "vitest";
import { fileNameOf, hasPlainFileName } from "./table-file-name.ts";

it("names files as the server does", () => {
  expect([fileNameOf("wp_users"), fileNameOf("a-b c$"), hasPlainFileName("a-b c$"), hasPlainFileName("näme")]).toEqual([
    "wp_users",
    "a@002db@0020c@0024",
    true,
    false,
  ]);
});
