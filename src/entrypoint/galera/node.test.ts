import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { LEAVE_WRITER, NODE_CHECK, READ_WRITER, signWriter, takeWriter, WRITER_TABLE } from "../../render/router/node-check.ts";

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");

it("speaks the SQL that routers agree on", () => {
  const program = read("node.sh");
  for (const statement of [READ_WRITER, LEAVE_WRITER, ...WRITER_TABLE, takeWriter(0).replace(/ 0$/, ""), signWriter(0).replace(/ 0$/, "")])
    expect(program).toContain(statement);
});

it("answers where routers ask", () => {
  expect(read("entrypoint.sh")).toContain(`TCP-LISTEN:${NODE_CHECK.port},`);
  for (const path of [NODE_CHECK.writer, NODE_CHECK.ready]) expect(read("http.sh")).toContain(path);
});
