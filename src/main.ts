import { fileURLToPath } from "node:url";
import { withLastWords } from "./cli/last-words.ts";
import { printError } from "./cli/report/print-error.ts";
import { asksForJson, runCli } from "./cli/run-cli.ts";
import { stopSignals } from "./cli/stop-signals.ts";
import type { Terminal } from "./cli/terminal.ts";
import { VERSION } from "./cli/version.ts";
import { withSystemDirectories } from "./host/system-path.ts";
import type { HowdahError } from "./kernel/howdah-error.ts";

/** The program: arguments in, exit code out. The only place that touches the process's streams and signals. */
export async function main(argv: readonly string[]): Promise<number> {
  const { controller, stop } = stopSignals({
    write: (text) => process.stderr.write(text),
    exit: (code) => process.exit(code),
    now: () => performance.now(),
  });
  process.env["PATH"] = withSystemDirectories(process.env["PATH"] ?? "");
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  // A reader that went away (`howdah logs | head`) is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    controller.abort(error);
  });
  const noColor = (process.env["NO_COLOR"] ?? "") !== "" || process.env["TERM"] === "dumb";
  const terminal: Terminal = {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    color: process.stderr.isTTY && !noColor,
    live: process.stderr.isTTY && process.env["TERM"] !== "dumb" && (process.env["CI"] ?? "") === "",
    interactive: process.stdin.isTTY && process.stdout.isTTY,
    columns: process.stderr.columns ?? 100,
    output: "text",
  };
  const say = (failure: HowdahError): number =>
    printError(failure, { ...terminal, output: asksForJson(argv) ? "json" : "text" }, { aborted: false, version: VERSION });
  return withLastWords({ process, controller, say, err: terminal.err }, () =>
    runCli(argv, {
      terminal,
      signal: controller.signal,
      directory: process.cwd(),
      stdin: process.stdin,
      stdout: process.stdout,
      variable: (name) => process.env[name],
      wireFiles: async () => (await import("./files-wiring.ts")).wireFiles(),
      wire: async () => {
        const { wirePorts } = await import("./wiring.ts");
        return wirePorts({
          environment: process.env,
          entrypointDirectory: fileURLToPath(new URL("entrypoint", import.meta.url)),
          self: [process.execPath, process.argv[1] ?? ""],
        });
      },
    }),
  );
}
