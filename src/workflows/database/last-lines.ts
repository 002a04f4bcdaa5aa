import { Writable } from "node:stream";

/** Takes a program's output and keeps its last lines, for an error to show. */
export function lastLines(limit = 100): { readonly stream: Writable; lines(): readonly string[] } {
  let text = "";
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text = (text + chunk.toString("utf8")).slice(-limit * 500);
      done();
    },
  });
  const lines = (): readonly string[] =>
    text
      .split("\n")
      .map((line) => line.trimEnd())
      .filter((line) => line !== "")
      .slice(-limit);
  return { stream, lines };
}
