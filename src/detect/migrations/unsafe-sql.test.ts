import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Hazard } from "./hazards.ts";
import { sqlStatements } from "./sql-statements.ts";
import { unsafeSql } from "./unsafe-sql.ts";

/** D7 of the reliability list: statements that must be flagged, all of them. */
const unsafe: readonly (readonly [Hazard, string])[] = [
  ["drop-table", "DROP TABLE users"],
  ["drop-table", "drop table if exists `users`"],
  ["drop-table", "DROP TABLE a.users CASCADE"],
  ["drop-table", "DROP VIEW active_users"],
  ["drop-table", "DROP DATABASE shop"],
  ["drop-table", "DROP PROCEDURE total"],
  ["drop-table", "CREATE OR REPLACE TABLE users (id INT)"],
  ["drop-table", "/*!40000 DROP TABLE users */"],
  ["drop-column", "ALTER TABLE users DROP COLUMN email"],
  ["drop-column", "ALTER TABLE users DROP email"],
  ["drop-column", "ALTER TABLE users DROP COLUMN IF EXISTS email"],
  ["drop-column", "ALTER TABLE `users`\n  ADD COLUMN a INT NULL,\n  DROP `email`"],
  ["drop-column", "ALTER ONLINE TABLE users DROP COLUMN email, ALGORITHM=INSTANT"],
  ["drop-column", "ALTER IGNORE TABLE users DROP COLUMN email"],
  ["drop-column", "/* why */ ALTER TABLE users -- really\n DROP COLUMN email"],
  ["rename-table", "RENAME TABLE users TO people"],
  ["rename-table", "ALTER TABLE users RENAME TO people"],
  ["rename-table", "ALTER TABLE users RENAME people"],
  ["rename-table", "ALTER TABLE users RENAME AS people"],
  ["rename-column", "ALTER TABLE users RENAME COLUMN email TO mail"],
  ["rename-column", "ALTER TABLE users CHANGE email mail VARCHAR(255) NULL"],
  ["rename-column", "ALTER TABLE users CHANGE COLUMN `email` `mail` VARCHAR(255) NULL"],
  ["not-null", "ALTER TABLE users ADD COLUMN age INT NOT NULL"],
  ["not-null", "ALTER TABLE users ADD age INT UNSIGNED NOT NULL AFTER name"],
  ["not-null", "ALTER TABLE users ADD (a INT NULL, b INT NOT NULL)"],
  ["not-null", "ALTER TABLE users ADD COLUMN note TEXT NOT NULL COMMENT 'DEFAULT is none'"],
  ["not-null", "ALTER TABLE users MODIFY age INT NOT NULL"],
  ["not-null", "ALTER TABLE users CHANGE age age INT NOT NULL"],
  ["change-type", "ALTER TABLE users MODIFY name VARCHAR(20) NULL"],
  ["change-type", "ALTER TABLE users MODIFY COLUMN age SMALLINT NULL"],
  ["change-type", "ALTER TABLE users CHANGE price price DECIMAL(5,2) NULL"],
  ["change-type", "ALTER TABLE users MODIFY state ENUM('a','b') NULL"],
  ["constraint", "ALTER TABLE users ADD UNIQUE (email)"],
  ["constraint", "ALTER TABLE users ADD UNIQUE INDEX u (email)"],
  ["constraint", "ALTER TABLE users ADD CONSTRAINT u UNIQUE (email)"],
  ["constraint", "CREATE UNIQUE INDEX u ON users (email)"],
  ["constraint", "ALTER TABLE users ADD PRIMARY KEY (id)"],
  ["constraint", "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES users (id)"],
  ["constraint", "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id)"],
  ["constraint", "ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0)"],
  ["constraint", "ALTER TABLE users ADD COLUMN email VARCHAR(99) NULL UNIQUE"],
  ["drop-default", "ALTER TABLE users ALTER COLUMN state DROP DEFAULT"],
  ["drop-default", "ALTER TABLE users ALTER state DROP DEFAULT"],
  ["empty-table", "TRUNCATE TABLE sessions"],
  ["empty-table", "TRUNCATE sessions"],
  ["empty-table", "DELETE FROM sessions"],
  ["empty-table", "UPDATE users SET state = 'WHERE'"],
  ["empty-table", "ALTER TABLE logs DROP PARTITION p2020"],
  ["table-copy", "ALTER TABLE users ENGINE=InnoDB"],
  ["table-copy", "ALTER TABLE users CONVERT TO CHARACTER SET utf8mb4"],
  ["table-copy", "ALTER TABLE users ROW_FORMAT=COMPRESSED"],
  ["table-copy", "ALTER TABLE users ADD COLUMN a INT NULL, ALGORITHM=COPY"],
  ["table-copy", "ALTER TABLE users ADD COLUMN a INT NULL, LOCK=EXCLUSIVE"],
  ["table-copy", "ALTER TABLE users FORCE"],
  ["table-copy", "ALTER TABLE users ORDER BY name"],
  ["table-copy", "ALTER TABLE users PARTITION BY HASH(id) PARTITIONS 4"],
  ["table-copy", "ALTER TABLE users DROP PRIMARY KEY"],
  ["table-copy", "ALTER TABLE users ADD COLUMN n INT AUTO_INCREMENT"],
  ["table-copy", "ALTER TABLE users ADD COLUMN full VARCHAR(99) AS (CONCAT(a, b)) STORED"],
  ["table-copy", "ALTER TABLE posts ADD FULLTEXT INDEX (body)"],
  ["table-copy", "CREATE FULLTEXT INDEX f ON posts (body)"],
  ["table-copy", "LOCK TABLES users WRITE"],
  ["index-lock", "CREATE INDEX i ON users (email)"],
  ["index-lock", "ALTER TABLE users ADD INDEX i (email)"],
  ["index-lock", "ALTER TABLE users ADD KEY i (email)"],
];

const safe: readonly string[] = [
  "CREATE TABLE people (id INT NOT NULL PRIMARY KEY, name TEXT NOT NULL, UNIQUE (name))",
  "CREATE TABLE t (a INT); CREATE UNIQUE INDEX u ON t (a); ALTER TABLE t DROP COLUMN a, ADD b INT NOT NULL; DROP TABLE t",
  "ALTER TABLE users ADD COLUMN nick VARCHAR(99) NULL",
  "ALTER TABLE users ADD COLUMN nick VARCHAR(99)",
  "ALTER TABLE users ADD COLUMN age INT NOT NULL DEFAULT 0 FIRST",
  "ALTER TABLE users ADD COLUMN full VARCHAR(99) AS (CONCAT(a, b)) VIRTUAL",
  "ALTER TABLE users ADD INDEX i (email), ALGORITHM=INPLACE, LOCK=NONE",
  "CREATE INDEX i ON users (email) ALGORITHM=INPLACE LOCK=NONE",
  "ALTER ONLINE TABLE users ADD INDEX i (email)",
  "ALTER TABLE users MODIFY name VARCHAR(255) NULL, ALGORITHM=INSTANT",
  "ALTER TABLE users DROP INDEX i",
  "ALTER TABLE users DROP KEY i, DROP FOREIGN KEY f, DROP CONSTRAINT c",
  "ALTER TABLE users RENAME INDEX a TO b",
  "ALTER TABLE users ALTER state SET DEFAULT 'new'",
  "ALTER TABLE users COMMENT='DROP COLUMN email'",
  "ALTER TABLE users DEFAULT CHARACTER SET utf8mb4",
  "DROP INDEX i ON users",
  "DROP TEMPORARY TABLE work",
  "DROP TRIGGER t",
  "INSERT INTO users (name) VALUES ('x; DROP TABLE users;')",
  "UPDATE users SET a = 1 WHERE id = 2",
  "DELETE FROM sessions WHERE at < NOW() LIMIT 1000",
  "-- DROP TABLE users\nSELECT 1",
  "# DROP TABLE users\nSELECT `DROP TABLE users`",
  "/* DROP TABLE users; */ SELECT 1",
  "CREATE VIEW v AS SELECT 1",
  "SET FOREIGN_KEY_CHECKS = 0",
  "",
];

describe("unsafe statements", () => {
  it("are at least the fifty of the list", () => expect(unsafe.length).toBeGreaterThanOrEqual(50));

  it.each(unsafe)("%s: %s", (hazard, text) => {
    expect(unsafeSql(text).map((change) => change.hazard)).toContain(hazard);
  });

  it.each(safe)("leaves alone: %s", (text) => expect(unsafeSql(text)).toEqual([]));

  it("names each action of one statement, with its line", () => {
    const text = "SELECT 1;\n\nALTER TABLE users\n  DROP COLUMN a,\n  ADD COLUMN b INT NOT NULL;\nDROP TABLE logs;";
    expect(unsafeSql(text)).toEqual([
      { hazard: "drop-column", what: "DROP COLUMN a of users", line: 4 },
      { hazard: "not-null", what: "ADD COLUMN b to users NOT NULL without DEFAULT", line: 5 },
      { hazard: "drop-table", what: "DROP TABLE logs", line: 6 },
    ]);
  });

  it("follows DELIMITER", () => {
    const text = "DELIMITER //\nCREATE PROCEDURE p() BEGIN DELETE FROM t; DROP TABLE x; END //\nDELIMITER ;\nDROP TABLE y;";
    expect(unsafeSql(text).map(({ what, line }) => [what, line])).toEqual([["DROP TABLE y", 4]]);
  });

  const one = fc.constantFrom(...unsafe);
  const harmless = fc.constantFrom(...safe.filter((text) => !text.includes("CREATE TABLE")));
  const noise = fc.constantFrom(" ", "\n", "\t", " /* ; ' */ ", " -- it's; \n", '\n# " ;\n');

  it("finds every one of them among others, whatever stands between them", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), one, harmless, noise), { minLength: 1, maxLength: 8 }), (picked) => {
        const text = picked.map(([bad, [, statement], good, between]) => `${between}${bad ? statement : good}${between};`).join("\n");
        const wanted = picked.flatMap(([bad, [hazard]]) => (bad ? [hazard] : []));
        const seen = unsafeSql(text).map(({ hazard }) => hazard);
        for (const hazard of new Set(wanted))
          expect(seen.filter((other) => other === hazard).length).toBeGreaterThanOrEqual(wanted.filter((other) => other === hazard).length);
        if (wanted.length === 0) expect(seen).toEqual([]);
      }),
    );
  });

  it("sees through letters' case and quoted names", () => {
    fc.assert(
      fc.property(fc.constantFrom("email", "weird name", "a;b", "drop", "back``tick"), fc.boolean(), (column, lower) => {
        const text = `ALTER TABLE \`t\` DROP COLUMN \`${column}\``;
        expect(unsafeSql(lower ? text.toLowerCase() : text)).toHaveLength(1);
      }),
    );
  });

  it("finds nothing in strings, names and comments", () => {
    fc.assert(
      fc.property(one, fc.constantFrom("'", '"', "`", "/*"), ([, statement], quote) => {
        const plain = statement.replaceAll(/['"`\\]|\*\/|\/\*!?\d*/g, " ");
        const quoted = quote === "/*" ? `/* ${plain} */` : `${quote}${plain}${quote}`;
        expect(unsafeSql(`SELECT ${quoted} AS x`)).toEqual([]);
      }),
    );
  });

  it("ends, and keeps line numbers, on any text", () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            "'",
            '"',
            "`",
            ";",
            "\n",
            "/*",
            "*/",
            "--",
            " ",
            "#",
            "DROP ",
            "TABLE ",
            "x",
            "\\",
            "(",
            ")",
            ",",
            "ALTER ",
            "DELIMITER ",
            "é",
          ),
          maxLength: 60,
        }),
        (text) => {
          const lines = text.split("\n").length;
          for (const { line } of unsafeSql(text)) expect(line).toBeLessThanOrEqual(lines);
          for (const token of sqlStatements(text).flat()) expect(token.line).toBeLessThanOrEqual(lines);
        },
      ),
    );
  });
});
