import { createReadStream, createWriteStream } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { HowdahError } from "../../kernel/howdah-error.ts";

const SECTION = /^-- (?:Table structure for table|Dumping data for table) `(.*)`/;
/** Whatever begins another thing of a dump; its comment block begins a line earlier, which is only dashes. */
const OTHER = /^-- (?:Temporary table structure|Final view structure|Sequence structure|Dumping (?:events|routines))/;

/**
 * Copies one table of a whole dump (structure, data, triggers) to another file, between the dump's first and last lines.
 * Error: `backup/unknown` when the dump has no such table.
 */
export async function extractTable(file: string, table: string, target: string, signal: AbortSignal): Promise<void> {
  let found = false;
  let section: "head" | "wanted" | "other" = "head";
  let rest = Buffer.alloc(0);
  const keep = (line: Buffer): boolean => {
    const start = line.subarray(0, 300).toString("utf8");
    const name = SECTION.exec(start)?.[1]?.replaceAll("``", "`");
    if (name !== undefined) section = name === table ? "wanted" : "other";
    else if (OTHER.test(start)) section = "other";
    else if (start.startsWith("/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE")) section = "head"; // the last lines put settings back
    if (section === "wanted") found = true;
    return section !== "other";
  };
  const lines = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      rest = Buffer.concat([rest, chunk]);
      const kept: Buffer[] = [];
      let from = 0;
      for (let at = rest.indexOf(10); at >= 0; at = rest.indexOf(10, from)) {
        const line = rest.subarray(from, at + 1);
        if (keep(line)) kept.push(line);
        from = at + 1;
      }
      const out = Buffer.concat(kept);
      rest = Buffer.from(rest.subarray(from));
      done(null, out);
    },
    flush(done) {
      done(null, keep(rest) ? rest : Buffer.alloc(0));
    },
  });
  await pipeline([createReadStream(file), lines, createWriteStream(target, { flags: "wx", mode: 0o600 })], { signal });
  if (!found) throw new HowdahError("backup/unknown", `The backup has no table ${JSON.stringify(table)}`);
}
