import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, expect, it } from "vitest";
import { countTables, differences, dumpDigest } from "./dump-digest.ts";

const dump = (rows: readonly string[], more = "") => `/*M!999999\\- enable the sandbox mode */
-- MariaDB dump 10.19
-- CHANGE MASTER TO MASTER_LOG_FILE='binlog.000003', MASTER_LOG_POS=1234;
--
-- Table structure for table \`t\`
--
CREATE TABLE \`t\` (a text);
--
-- Dumping data for table \`t\`
--
INSERT INTO \`t\` VALUES
${rows.map((row) => `('${row}')`).join(",\n")};
${more}-- Dump completed
`;

async function digest(text: string, pieces = 7) {
  const reading = dumpDigest();
  const bytes = Buffer.from(text);
  const chunks = Array.from({ length: Math.ceil(bytes.length / pieces) }, (_, at) => bytes.subarray(at * pieces, (at + 1) * pieces));
  await pipeline(Readable.from(chunks), reading.stream, async (source) => {
    for await (const _ of source);
  });
  return reading.result();
}

describe("what a dump holds", () => {
  it("counts rows, reads the binlog's position and the last line", async () => {
    const found = await digest(dump(["a", "b", "-- Dumping data for table `x`"]));
    expect(found).toMatchObject({ complete: true, position: { file: "binlog.000003", offset: 1234 } });
    expect(Object.keys(found.tables)).toEqual(["t"]);
    expect(found.tables["t"]?.rows).toBe(3);
  });

  it("is the same however the bytes come, and whatever comments say", async () => {
    const one = await digest(dump(["ä", "b"]), 1);
    const other = await digest(dump(["ä", "b"]).replace("MASTER_LOG_POS=1234", "MASTER_LOG_POS=99"), 4096);
    expect(other.tables).toEqual(one.tables);
    expect(differences(one.tables, other.tables)).toEqual([]);
  });

  it("is not complete without the last line", async () => {
    expect((await digest(dump(["a"]).replace("-- Dump completed\n", ""))).complete).toBe(false);
    expect((await digest("")).complete).toBe(false);
  });

  it.each([
    { name: "a row less", text: dump(["a"]), says: ["t has 1 rows instead of 2"] },
    { name: "another value", text: dump(["a", "c"]), says: ["t has the same number of rows, but other content"] },
    { name: "nothing", text: "-- Dump completed\n", says: ["t is missing"] },
    {
      name: "a table more",
      text: dump(["a", "b"], "-- Table structure for table `u`\nCREATE TABLE `u` (a int);\n"),
      says: ["u should not be there"],
    },
  ])("differs by $name", async ({ text, says }) => {
    const wanted = await digest(dump(["a", "b"]));
    expect(differences(wanted.tables, (await digest(text)).tables)).toEqual(says);
  });
});

it("counts tables and views, as the server does, and not what is beside them", async () => {
  const { tables } = await digest("-- Table structure for table `a`\n-- Dumping routines for database 'shop'\n-- Dump completed\n");
  expect([Object.keys(tables).length, countTables(tables)]).toEqual([2, 1]);
});
