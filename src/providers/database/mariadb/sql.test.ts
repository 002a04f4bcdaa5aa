import { expect, it } from "vitest";
import { Secret } from "../../../kernel/secret.ts";
import { adminFiles } from "./admin-secret.ts";
import { nativePasswordHash } from "./native-password.ts";
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

it("hashes as the server does, and puts no password into a statement", () => {
  const password = new Secret("mypass", "test");
  expect(nativePasswordHash(password)).toBe("*6C8989366EAF75BB670AD8EA7A7FC1176A95CEF4");
  const files = adminFiles(password, "test");
  expect(files["init.sql"]?.reveal()).not.toContain("mypass");
  expect(files["client.cnf"]?.reveal()).toContain("password=mypass");
});
