import { Readable } from "node:stream";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../../kernel/own-names.ts";
import { DATABASE_CONTAINER } from "../../../render/database/database-name.ts";
import { renderServerCopy, SERVER_COPY_NAME } from "../../../render/database/render-server-copy.ts";
import { lastLines } from "../../database/last-lines.ts";
import type { EngineContext, Ports } from "../../ports.ts";
import { reasonOf } from "./copy-server.ts";
import { NO_ROOM } from "./restore-scripts.ts";

interface OnVolume {
  readonly image: string;
  readonly server: string;
  readonly script: string;
  readonly words: readonly string[];
  readonly input?: Readable;
}

/** Runs a script of a restore on a server's volume. Answers the last line that it printed. Errors: `backup/failed`, `machine/disk-full`. */
export async function onVolume(
  { image, server, script, words, input }: OnVolume,
  ports: Pick<Ports, "engine">,
  context: EngineContext,
): Promise<string> {
  const [output, errors] = [lastLines(), lastLines(200)];
  const target = {
    namespace: SYSTEM_NAMESPACE,
    workload: SERVER_COPY_NAME,
    container: DATABASE_CONTAINER,
    desired: renderServerCopy(image, server, "write"),
  };
  const streams = { stdin: input ?? Readable.from([]), stdout: output.stream, stderr: errors.stream };
  const code = await ports.engine.runOnce(target, { argv: ["sh", "-c", script, "sh", ...words], ...streams }, context);
  if (code === 0) return output.lines().at(-1) ?? "";
  if (code === NO_ROOM) {
    const message = `Unpacking the backup takes ${words[1] ?? ""} kB, and the volume of ${server} has ${output.lines().at(-1) ?? ""} kB left`;
    throw new HowdahError("machine/disk-full", message);
  }
  throw new HowdahError("backup/failed", `The files of ${server} could not be put in place: ${reasonOf(errors.lines(), code)}`, {
    output: errors.lines(),
  });
}
