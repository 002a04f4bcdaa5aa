import { expect, it } from "vitest";
import { type DatabaseContent, differencesBetween, type TableContent } from "./compare-contents.ts";

const posts: TableContent = { name: "posts", rows: 3, checksum: "77", shape: "id int" };
const source: DatabaseContent = { tables: [posts, { ...posts, name: "users" }], others: ["trigger t", "view v"] };
const withPosts = (change: Partial<TableContent>): DatabaseContent => ({
  ...source,
  tables: source.tables.map((table) => (table.name === "posts" ? { ...table, ...change } : table)),
});

it.each([
  { what: "the same", copy: source, says: [] },
  { what: "a row less", copy: withPosts({ rows: 2 }), says: ["posts has 3 rows, and its copy 2"] },
  { what: "another row", copy: withPosts({ checksum: "78" }), says: ["rows of posts differ"] },
  { what: "another column", copy: withPosts({ shape: "id bigint" }), says: ["columns or indexes of posts differ"] },
  { what: "a table less", copy: { ...source, tables: [posts] }, says: ["the table users is missing"] },
  {
    what: "a table more",
    copy: { ...source, tables: [...source.tables, { ...posts, name: "x" }] },
    says: ["the table x is only in the copy"],
  },
  { what: "a view less", copy: { ...source, others: ["trigger t"] }, says: ["the view v is missing"] },
  { what: "a view more", copy: { ...source, others: [...source.others, "view w"] }, says: ["the view w is only in the copy"] },
])("names what differs: $what", ({ copy, says }) => {
  expect(differencesBetween(source, copy)).toEqual(says);
});
