import { Transform } from "node:stream";

/** As mariadb-binlog writes them, each on a line of its own. */
const GLOBAL_ID = /^\/\*!\d+ SET @@session\.(gtid_seq_no|gtid_domain_id|server_id)=\d+\*\/\/\*!\*\/;\n?$/;
/** Such lines are short; what goes on longer without an end of line is data. */
const LONGEST = 200;

/**
 * Takes out of a log what names its place among all changes of its own server: on another server these numbers belong to others, and a replica that follows
 * it would stop. Bytes pass as they are.
 */
export function withoutGlobalIds(): Transform {
  let rest = "";
  let isInsideLine = false;
  const line = (text: string): string => (!isInsideLine && GLOBAL_ID.test(text) ? "" : text);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const lines = (rest + chunk.toString("latin1")).split("\n");
      rest = lines.pop() ?? "";
      let out = "";
      for (const one of lines) {
        out += line(`${one}\n`);
        isInsideLine = false;
      }
      if (rest.length > LONGEST) {
        out += rest;
        rest = "";
        isInsideLine = true;
      }
      done(null, Buffer.from(out, "latin1"));
    },
    flush: (done) => done(null, Buffer.from(line(rest), "latin1")),
  });
}
