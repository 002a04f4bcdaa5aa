import { expect, it } from "vitest";
import { Secret } from "../../../kernel/secret.ts";
import { adminFiles } from "./admin-secret.ts";
import { nativePasswordHash } from "./native-password.ts";

it("hashes as the server does, and puts no password into a statement", () => {
  const password = new Secret("mypass", "test");
  expect(nativePasswordHash(password)).toBe("*6C8989366EAF75BB670AD8EA7A7FC1176A95CEF4");
  const files = adminFiles(password, "test");
  expect(files["init.sql"]?.reveal()).not.toContain("mypass");
  expect(files["client.cnf"]?.reveal()).toContain("password=mypass");
});
