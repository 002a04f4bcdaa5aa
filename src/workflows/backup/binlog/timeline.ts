import { HowdahError } from "../../../kernel/howdah-error.ts";
import { DATABASE_PATHS } from "../../../render/database/server-options.ts";
import { lastLines } from "../../database/last-lines.ts";
import type { EngineContext, Ports } from "../../ports.ts";
import { inServer } from "../ask-server.ts";

/** In busybox' shell; its only word is `keep` or `anew`. The name lies in the data directory: it goes and comes with it. */
const SCRIPT = `set -euo pipefail
umask 077
cd ${DATABASE_PATHS.volume}/data
if [ "$1" = anew ] || [ ! -s howdah-timeline ]; then
  cat /proc/sys/kernel/random/uuid >howdah-timeline.new
  sync
  mv howdah-timeline.new howdah-timeline
fi
cat howdah-timeline
`;

/**
 * The name of a server's timeline: one for each incarnation of its data directory, since binlogs of another one go on from other data. `anew`
 * begins another: what is there does not follow from what was shipped.
 */
export async function timelineOf(
  server: string,
  ports: Pick<Ports, "engine">,
  context: EngineContext,
  how: "keep" | "anew" = "keep",
): Promise<string> {
  const output = lastLines();
  await inServer({ server }, { argv: ["sh", "-c", SCRIPT, "sh", how], stdout: output.stream }, ports, context);
  const [name = ""] = output.lines();
  if (/^[0-9a-f-]{36}$/.test(name)) return name;
  throw new HowdahError("database/failed", `The timeline of ${server} can't be read`, { output: output.lines() });
}
