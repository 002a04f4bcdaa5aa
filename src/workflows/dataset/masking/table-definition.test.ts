import { expect, it } from "vitest";
import { identifier } from "../../../kernel/sql.ts";
import { tableDefinition } from "./table-definition.ts";

const AT = identifier("t");
const ORDERS = `CREATE TABLE \`orders\` (
  \`id\` int(11) NOT NULL AUTO_INCREMENT,
  \`user_id\` bigint(20) unsigned DEFAULT NULL COMMENT 'a, KEY \`b\` (\\n)',
  \`up\` varchar(100) GENERATED ALWAYS AS (ucase(\`email\`)) VIRTUAL,
  PRIMARY KEY (\`id\`),
  UNIQUE KEY \`u\` (\`user_id\`,\`up\`),
  KEY \`fk_u\` (\`user_id\`),
  FULLTEXT KEY \`ft\` (\`up\`),
  CONSTRAINT \`fk_u\` FOREIGN KEY (\`user_id\`) REFERENCES \`users\` (\`id\`) ON DELETE CASCADE,
  CONSTRAINT \`positive\` CHECK (\`id\` > 0)
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4
 PARTITION BY RANGE (\`y\`)
(PARTITION \`p0\` VALUES LESS THAN (2000) ENGINE = InnoDB)`;

it("makes a table without the keys that cost while rows come, and adds them after", () => {
  const definition = tableDefinition(ORDERS);
  const bare = definition.bare(AT).text;
  expect(bare).toContain("CREATE TABLE `t` (");
  expect(bare).toContain("PRIMARY KEY (`id`),\n  CONSTRAINT `positive` CHECK (`id` > 0)\n) ENGINE=InnoDB");
  expect(bare).toContain("PARTITION BY RANGE");
  expect(bare).not.toMatch(/UNIQUE KEY|FULLTEXT|FOREIGN KEY/);
  expect(definition.addKeys(AT)?.text).toBe(
    "ALTER TABLE `t` ADD UNIQUE KEY `u` (`user_id`,`up`), ADD KEY `fk_u` (`user_id`), ADD FULLTEXT KEY `ft` (`up`)",
  );
});

it("keeps foreign keys apart, with the table that they lead to", () => {
  const [key] = tableDefinition(ORDERS).foreignKeys;
  expect(key?.to).toBe("users");
  expect(key?.addTo(AT).text).toBe(
    "ALTER TABLE `t` ADD CONSTRAINT `fk_u` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE",
  );
  expect(tableDefinition(ORDERS).whole(AT).text).not.toContain("FOREIGN KEY");
});

it("keeps the key that a counting column needs", () => {
  const created =
    "CREATE TABLE `a` (\n  `n` int(11) NOT NULL AUTO_INCREMENT,\n  `x` int(11),\n  KEY `n` (`n`),\n  KEY `x` (`x`)\n) ENGINE=InnoDB";
  expect(tableDefinition(created).bare(AT).text).toContain("KEY `n` (`n`)");
  expect(tableDefinition(created).addKeys(AT)?.text).toBe("ALTER TABLE `t` ADD KEY `x` (`x`)");
});

it("refuses what is no definition", () => {
  expect(() => tableDefinition("CREATE VIEW v AS SELECT 1")).toThrow("could not be read");
});
