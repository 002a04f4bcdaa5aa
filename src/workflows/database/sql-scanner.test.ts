import { array, assert, constantFrom, nat, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { SqlScanner } from "./sql-scanner.ts";

function scan(text: string, size = text.length || 1): { out: string; refused: string[] } {
  const scanner = new SqlScanner();
  let out = "";
  for (let at = 0; at < text.length; at += size) out += scanner.push(text.slice(at, at + size));
  out += scanner.push("", true);
  return { out, refused: scanner.refused.map(({ line, words }) => `${line}: ${words}`) };
}

describe("definers", () => {
  it.each([
    { text: "CREATE DEFINER=`root`@`localhost` PROCEDURE p() SELECT 1;", out: "CREATE PROCEDURE p() SELECT 1;" },
    {
      text: "/*!50003 CREATE*/ /*!50017 DEFINER=`a``b`@`%`*/ /*!50003 TRIGGER t */;",
      out: "/*!50003 CREATE*/ /*!50017 */ /*!50003 TRIGGER t */;",
    },
    {
      text: "/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`r`@`l` SQL SECURITY DEFINER */\n/*!50001 VIEW v AS SELECT 1*/;",
      out: "/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 SQL SECURITY DEFINER */\n/*!50001 VIEW v AS SELECT 1*/;",
    },
    { text: "create or replace definer = current_user() view v as select 1", out: "create or replace view v as select 1" },
    { text: "CREATE DEFINER='x'@'%' EVENT e;", out: "CREATE EVENT e;" },
  ])("$text", ({ text, out }) => {
    expect(scan(text)).toEqual({ out, refused: [] });
  });

  it.each([
    "INSERT INTO t VALUES ('CREATE DEFINER=`a`@`b` VIEW');",
    "SELECT * FROM t WHERE DEFINER='bob';",
    "-- CREATE DEFINER=`a`@`b`\nSELECT 1;",
    "CREATE TABLE t (`DEFINER=x` INT);",
    "/* CREATE */ INSERT INTO t (definer) VALUES (1)",
  ])("leaves %s alone", (text) => {
    expect(scan(text).out).toBe(text);
  });
});

describe("statements that leave the database", () => {
  it.each([
    { text: "SELECT 1;\nUSE other;\n", refused: ["2: USE other"] },
    { text: "CREATE DATABASE /*!32312 IF NOT EXISTS*/ `wordpress`;", refused: ["1: CREATE DATABASE IF NOT EXISTS `"] },
    { text: "drop schema x;", refused: ["1: drop schema x"] },
    { text: "/*!40000 DROP DATABASE IF EXISTS `x`*/;\nUSE `x`", refused: ["1: DROP DATABASE IF EXISTS `", "2: USE `"] },
    { text: "DELIMITER ;;\nSELECT ';' ; USE a;;\nUSE b;;\n", refused: ["3: USE b"] },
    { text: "-- it's\nUSE x;", refused: ["2: USE x"] },
    { text: "/*M!999999\\- enable the sandbox mode */\nUSE x;", refused: ["2: USE x"] },
  ])("$text", ({ text, refused }) => {
    for (const size of [1, 7, text.length]) expect(scan(text, size)).toEqual({ out: text, refused });
  });

  it.each([
    "INSERT INTO t VALUES ('a\\'; USE x;', \"; USE y;\", ';\nUSE z;\n');",
    "CREATE TABLE `; USE x;` (a INT COMMENT 'DROP DATABASE x;');",
    "/* ; USE x; */ SELECT 1; -- ; USE y;\n# ; USE z;\nSELECT 2-- 1\n;",
    "CREATE TABLE database_list (a INT);",
    "DELIMITER $$\nCREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END$$\nDELIMITER ;\n",
    "SELECT 'unfinished",
    "SELECT 1 /* unfinished",
    "/*!80000 USE x */;",
  ])("sees none in %j", (text) => {
    for (const size of [1, 5, text.length]) expect(scan(text, size)).toEqual({ out: text, refused: [] });
  });
});

it("says the same however the text is cut", () => {
  const pieces = constantFrom(
    "'",
    '"',
    "`",
    "\\",
    ";",
    "\n",
    " ",
    "--",
    "-",
    "#",
    "/*",
    "*/",
    "/*!50003 ",
    "CREATE ",
    "DEFINER=`a`@`b` ",
    "USE x",
    "DELIMITER $$\n",
    "DELIMITER ;\n",
    "$$",
    "a",
    "\xe9",
  );
  assert(
    property(array(pieces, { maxLength: 60 }), nat(40), (parts, size) => {
      const text = parts.join("");
      const whole = scan(text);
      expect(scan(text, size + 1)).toEqual(whole);
      expect(whole.out.replaceAll("DEFINER=`a`@`b` ", "")).toBe(text.replaceAll("DEFINER=`a`@`b` ", ""));
    }),
    { numRuns: 3000 },
  );
});

it("stays quick on one endless line", () => {
  const row = `(1,'${"x".repeat(50)}','it\\'s',0xDEADBEEF),`;
  const scanner = new SqlScanner();
  let bytes = scanner.push("INSERT INTO t VALUES ").length;
  for (let round = 0; round < 100; round += 1) bytes += scanner.push(row.repeat(1000)).length;
  bytes += scanner.push(";", true).length;
  expect(bytes).toBe("INSERT INTO t VALUES ;".length + row.length * 100_000);
});
