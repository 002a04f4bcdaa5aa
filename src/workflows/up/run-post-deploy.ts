import { PassThrough } from "node:stream";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Site } from "../../site/site.ts";
import { phpTarget } from "../php-target.ts";
import type { EngineContext, Ports } from "../ports.ts";

/** Runs the post-deploy hook's steps in the running PHP container, in order, and streams what they print. The site serves whatever comes of it. */
export async function runPostDeploy(site: Site, namespace: string, ports: Ports, context: EngineContext): Promise<void> {
  for (const step of site.hooks.postDeploy) {
    const argv = "argv" in step ? step.argv : ["/usr/bin/php", "/usr/lib/howdah/entrypoint.php", "sql", "--hook", step.sql];
    const lines: string[] = [];
    const output = new PassThrough();
    let rest = "";
    output.setEncoding("utf8").on("data", (chunk: string) => {
      const parts = `${rest}${chunk}`.split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) {
        lines.push(line);
        context.emit({ type: "output", id: "post-deploy", line });
      }
    });
    const code = await ports.engine.exec(phpTarget(site, namespace), { argv, stdin: "none", stdout: output, stderr: output }, context);
    if (code !== 0)
      throw new HowdahError("site/post-deploy-failed", `${argv.join(" ")} ended with ${String(code)}`, {
        output: rest === "" ? lines : [...lines, rest],
      });
  }
}
