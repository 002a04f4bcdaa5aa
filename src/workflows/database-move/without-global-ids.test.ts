import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { withoutGlobalIds } from "./without-global-ids.ts";

const through = (pieces: readonly string[]): Promise<string> =>
  text(Readable.from(pieces.map((piece) => Buffer.from(piece))).pipe(withoutGlobalIds()));

const log = `/*!100101 SET @@session.skip_parallel_replication=0*//*!*/;
/*!100001 SET @@session.gtid_domain_id=0*//*!*/;
/*!100001 SET @@session.server_id=1*//*!*/;
/*!100001 SET @@session.gtid_seq_no=17*//*!*/;
START TRANSACTION
/*!*/;
BINLOG '${"A".repeat(500)}
'/*!*/;
COMMIT/*!*/;
`;

it.each([1, 7, 64, 300, 5000])("takes the numbers out and nothing else, in pieces of %i", async (size) => {
  const pieces = Array.from({ length: Math.ceil(log.length / size) }, (_, index) => log.slice(index * size, (index + 1) * size));
  const expected = log
    .split("\n")
    .filter((line) => !/gtid_|server_id/.test(line))
    .join("\n");
  expect(await through(pieces)).toBe(expected);
});

it("leaves a line that only ends like one", async () => {
  const value = `${"x".repeat(300)}/*!100001 SET @@session.server_id=1*//*!*/;\n`;
  expect(await through([value.slice(0, 250), value.slice(250, 300), value.slice(300)])).toBe(value);
});
