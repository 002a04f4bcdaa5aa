import { expect, it } from "vitest";
import { canarySet } from "./canary-set.ts";
import { chooseCanaries } from "./choose-canaries.ts";
import { personalHunt } from "./find-personal.ts";

it("says what was found, in how many values and in what form, never which", () => {
  const hunt = personalHunt(canarySet(["Zebulon Querfurth"]));
  for (const value of [
    "anna@example.org",
    null,
    "x",
    Buffer.from("b@example.com, c@example.com"),
    '{"t":"030\\/9018205"}',
    "Dear zebulon querfurth",
  ])
    hunt.look(value);
  hunt.look(Buffer.from("written by anna@example.org, in base64").toString("base64"));
  expect(hunt.found()).toEqual([
    { kind: "email", count: 3, example: "aaaa@aaaaaaa.aaa" },
    { kind: "phone", count: 1, example: "000/0000000" },
    { kind: "canary", count: 1, example: "aaaa aaaaaaa aaaaaaaaa" },
  ]);
});

it("looks at the end of long values", () => {
  const hunt = personalHunt();
  hunt.look(`${"lorem ipsum ".repeat(200_000)}anna@example.org`);
  expect(hunt.found()).toHaveLength(1);
});

it("chooses values that nobody else has, from all columns in turn", () => {
  const chosen = chooseCanaries(
    [
      { strategy: "email", values: ["anna@example.org", "no address", "jo@example.com"] },
      { strategy: "user-name", values: ["admin", "anna.meier", "editor", "meier1982"] },
      { strategy: "text", values: ["mail me: carl@example.net, please", "nothing"] },
      { strategy: "full-name", values: ["Anna Meier", "Anna"] },
    ],
    6,
  );
  expect(chosen).toEqual(["anna@example.org", "anna.meier", "carl@example.net", "Anna Meier", "jo@example.com", "meier1982"]);
});
