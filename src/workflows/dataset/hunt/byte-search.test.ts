import { expect, it } from "vitest";
import { byteSearch } from "./byte-search.ts";

const values = Array.from({ length: 1000 }, (_, n) => Buffer.from(`person${String(n)}@corp.example`));
const search = byteSearch(values);

it("finds any of a thousand values at any place", () => {
  for (let at = 0; at < 40; at += 1) {
    const bytes = Buffer.concat([Buffer.alloc(at, "x"), values[at * 20] ?? Buffer.alloc(0), Buffer.alloc(7, "y")]);
    expect(search().sees(bytes), `at ${String(at)}`).toBe(true);
  }
  expect(search().sees(Buffer.from("person1000@corp.example and person@corp.example, person77@corp.exampl"))).toBe(false);
});

it("finds one that reaches from one chunk into the next", () => {
  const bytes = Buffer.concat([Buffer.alloc(100), values[7] ?? Buffer.alloc(0), Buffer.alloc(100)]);
  for (let cut = 1; cut < bytes.length; cut += 1) {
    const looking = search();
    expect(looking.sees(bytes.subarray(0, cut)) || looking.sees(bytes.subarray(cut)), `cut at ${String(cut)}`).toBe(true);
  }
});

it("finds nothing where nothing is, and nothing short", () => {
  expect(byteSearch([])().sees(Buffer.from("anything"))).toBe(false);
  expect(byteSearch([Buffer.from("short")])().sees(Buffer.from("this is short"))).toBe(false);
});
