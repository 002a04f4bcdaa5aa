import { expect, it } from "vitest";
import { account, grantPattern, identifier, sql, text, word } from "./sql.ts";

it("joins literal text and safe pieces", () => {
  expect(sql`A ${identifier("a`b")} B ${text("it's")} C`.text).toBe("A `a``b` B 'it\\'s' C");
  expect(sql`SELECT 1`.text).toBe("SELECT 1");
});

it("escapes the wildcards of GRANT (M6)", () => {
  expect(grantPattern("acme_shop").text).toBe("`acme\\_shop`");
  expect(grantPattern("100%").text).toBe("`100\\%`");
});

it("quotes every character that ends or escapes a literal", () => {
  expect(text("'\"\\\0\n\r\u001a").text).toBe("'\\'\\\"\\\\\\0\\n\\r\\Z'");
  expect(account("o'neill").text).toBe("'o\\'neill'@'%'");
});

it.each(["", "a".repeat(65), "a\0b", "a ", "💥"])("refuses %j as a name", (name) => {
  expect(() => identifier(name)).toThrow("can't be a name");
});

it.each(["", "utf8 x", "utf8;", "1a", "utf8`"])("refuses %j as a word", (name) => {
  expect(() => word(name)).toThrow("can't be a word");
});

it("refuses text that is no Unicode", () => {
  expect(() => text("\ud800")).toThrow("can't be a text");
});
