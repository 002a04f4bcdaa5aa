import { PassThrough } from "node:stream";
import { CODE_ROOT } from "../../kernel/label.ts";
import type { Site } from "../../site/site.ts";
import { phpTarget } from "../php-target.ts";
import type { EngineContext, Ports } from "../ports.ts";

/** More than that at once is a checkout: its author has not just written them. */
const MOST = 8;

/** A file that PHP can't read. */
export interface SyntaxError {
  readonly path: string;
  readonly message: string;
}

/** Asks the site's own PHP whether it can read files that were just saved: visitors of a broken one only see an error 500. */
export async function checkSyntax(
  site: Site,
  paths: readonly string[],
  ports: Pick<Ports, "engine">,
  context: EngineContext,
): Promise<readonly SyntaxError[]> {
  const scripts = paths.filter((path) => path.endsWith(".php"));
  if (site.runtime === null || scripts.length > MOST) return [];
  const found: SyntaxError[] = [];
  for (const path of scripts) {
    const output = new PassThrough();
    let text = "";
    output.setEncoding("utf8").on("data", (part: string) => (text += part));
    const argv = ["/usr/bin/php", "-d", "display_errors=1", "-d", "log_errors=0", "-l", `${CODE_ROOT}/${path}`];
    const code = await ports.engine.exec(phpTarget(site, site.name), { argv, stdin: "none", stdout: output, stderr: output }, context);
    const line = text.split("\n").find((one) => /error/i.test(one) && !one.startsWith("Errors parsing"));
    if (code === 255 && line !== undefined) found.push({ path, message: line.trim().replaceAll(`${CODE_ROOT}/`, "") });
  }
  return found;
}
