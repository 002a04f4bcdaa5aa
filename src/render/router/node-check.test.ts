import { expect, it } from "vitest";
import { judgeWriter, takeWriter, type WriterFacts } from "./node-check.ts";

const synced: WriterFacts = { serves: true, desync: false, me: "a", writer: "b", present: true, mine: false, signed: true };
const mine = { writer: "a", mine: true };

it.each<[string, Partial<WriterFacts>, number, string]>([
  ["the writer says so", mine, 200, "nothing"],
  ["the writer that an older Howdah named signs its place", { ...mine, signed: false }, 200, "sign"],
  [
    "a writer that died and came back before it was missed is another node, and takes the place as any would",
    { writer: "a", present: false },
    404,
    "take",
  ],
  ["it takes none while it leaves", { writer: "a", present: false, desync: true }, 404, "nothing"],
  ["another node keeps what it has and takes nothing new", {}, 404, "nothing"],
  ["a free place is taken", { writer: "" }, 404, "take"],
  ["the place of a lost node is taken", { present: false }, 404, "take"],
  ["a writer that leaves offers its place, and writes on", { ...mine, desync: true }, 200, "leave"],
  ["it does until another one has it", { writer: "-a", present: false, desync: true }, 200, "nothing"],
  ["and then no more", { desync: true }, 404, "nothing"],
  ["an offered place is taken", { writer: "-b", present: false }, 404, "take"],
  ["also by who offered it and stays after all", { writer: "-a", present: false }, 404, "take"],
  ["a node that leaves takes no place", { writer: "", desync: true }, 404, "nothing"],
  ["a node without a majority is cut off, though the row names it", { ...mine, serves: false }, 503, "nothing"],
  ["a node that does not serve takes no place", { writer: "", serves: false }, 503, "nothing"],
])("%s", (_, facts, status, act) => {
  expect(judgeWriter({ ...synced, ...facts })).toEqual({ status, act });
});

it("takes the place only in the term that was seen", () => {
  expect(takeWriter(7)).toContain("epoch = 7");
});
