import { Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { type EntrypointLine, entrypointLine } from "../../engine/entrypoint-line.ts";
import type { Emit } from "../../kernel/event.ts";

const KEPT_LINES = 100;
/** A line without an end is cut there, so that a program can't fill our memory. */
const LONGEST = 16_384;

/** Takes what a one-off entrypoint prints: its steps become progress, its hook's lines output, and the last failure that it named is kept. */
export function migrationOutput(
  emit: Emit,
  id: string,
): {
  readonly stream: Writable;
  readonly read: () => { readonly failure: Extract<EntrypointLine, { event: "failed" }> | undefined; readonly lines: readonly string[] };
} {
  let rest = "";
  let failure: Extract<EntrypointLine, { event: "failed" }> | undefined;
  const lines: string[] = [];
  const decoder = new StringDecoder("utf8");
  const take = (line: string): void => {
    const said = entrypointLine(line);
    if (said?.event === "step") emit({ type: "task-progress", id, detail: said.message });
    else if (said?.event === "failed") failure = said;
    else if (line !== "") {
      if (lines.push(line) > KEPT_LINES) lines.shift();
      emit({ type: "output", id, line });
    }
  };
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const parts = `${rest}${decoder.write(chunk)}`.split("\n");
      rest = (parts.pop() ?? "").slice(-LONGEST);
      for (const line of parts) take(line.replace(/\r$/, ""));
      done();
    },
  });
  return {
    stream,
    read: () => {
      if (rest !== "") take(rest);
      rest = "";
      return { failure, lines };
    },
  };
}
