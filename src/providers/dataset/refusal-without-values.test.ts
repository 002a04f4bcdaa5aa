import { describe, expect, it } from "vitest";
import { refusalNumbers, refusalWithoutValues } from "./refusal-without-values.ts";

describe("a private server's refusal", () => {
  it.each([
    [1062, "Duplicate entry 'Pat O'Hara-Smith' for key 'name'", "Duplicate entry … for key 'name'"],
    [
      1366,
      "Incorrect integer value: 'anna@x.de' for column `d`.`t`.`c` at row 1",
      "Incorrect integer value: … for column `d`.`t`.`c` at row 1",
    ],
    [1064, "You have an error near 'it''s anna' at line 1", "You have an error near …"],
    [1054, "Unknown column 'uid' in 'SELECT'", "Unknown column 'uid' in 'SELECT'"],
    [2013, "Lost connection", "Lost connection"],
  ])("%i is told without a value", (errno, message, told) => {
    expect(refusalWithoutValues(errno, message)).toBe(told);
  });

  it("by a program is told by its number alone", () => {
    const lines = [
      "--------------",
      "ERROR 1062 (23000) at line 7: Duplicate entry 'anna@x.de' for key 'mail'",
      "INSERT INTO t VALUES ('anna@x.de')",
      "mariadb-dump: Error 1317: anna@x.de",
      "mariadb-dump: Couldn't execute 'SHOW': anna@x.de (1146)",
    ];
    expect(refusalNumbers(lines)).toEqual(["ERROR 1062 (23000)", "mariadb-dump: error 1146"]);
  });
});
