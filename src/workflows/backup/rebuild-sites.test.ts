import { expect, it } from "vitest";
import { lastSecond } from "./rebuild-sites.ts";

it.each([
  { name: "none was shipped", spans: [], is: null },
  { name: "the backup is newer than what was shipped", spans: ["2026-11-22T10:00:00.000Z"], is: null },
  { name: "it ends within a second", spans: ["2026-11-22T10:05:30.400Z"], is: "2026-11-22T10:05:29.000Z" },
  { name: "it ends with a second", spans: ["2026-11-22T10:05:30.000Z"], is: "2026-11-22T10:05:29.000Z" },
  { name: "there is a gap", spans: ["2026-11-22T10:05:30.000Z", "2026-11-22T11:00:00.000Z"], is: "2026-11-22T10:59:59.000Z" },
])("the last whole second that was shipped: $name", ({ spans, is }) => {
  const found = lastSecond(
    spans.map((to) => ({ to })),
    "2026-11-22T10:05:00.000Z",
  );
  expect(found === null ? null : new Date(found).toISOString()).toBe(is);
});
