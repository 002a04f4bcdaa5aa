import { expect, it } from "vitest";
import { pageWords } from "./page-words.ts";

it.each([
  ["<html><head><style>p{}</style></head><body><h1>The  cupboard</h1> is\nbare</body></html>", "The cupboard is bare"],
  ["<script>alert('x')</script>Oops", "Oops"],
  ["plain words", "plain words"],
  ["", ""],
  ["x".repeat(500), "x".repeat(160)],
])("reads %j as %j", (body, words) => {
  expect(pageWords(body)).toBe(words);
});
