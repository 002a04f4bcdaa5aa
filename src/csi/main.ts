import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import manifest from "../../package.json" with { type: "json" };
import { withSystemDirectories } from "../host/system-path.ts";
import { HowdahError } from "../kernel/howdah-error.ts";
import type { StructuredLog } from "../kernel/structured-log.ts";
import { HELP, parseDriverOptions } from "./driver-options.ts";
import { runDriver } from "./run-driver.ts";
import { killAt } from "./steps.ts";

const log: StructuredLog = (line) => {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), ...line })}\n`);
};

/** The program `howdah-csi`: arguments in, exit code out. It serves until it is told to stop. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const options = parseDriverOptions(argv);
    if (options === null) {
      process.stdout.write(HELP);
      return 0;
    }
    process.env["PATH"] = withSystemDirectories(process.env["PATH"] ?? "");
    return await serve(options);
  } catch (error) {
    log({ level: "error", msg: "ended", reason: error instanceof Error ? error.message : String(error) });
    if (error instanceof HowdahError) return error.entry.exit;
    throw error;
  }
}

async function serve(options: NonNullable<ReturnType<typeof parseDriverOptions>>): Promise<number> {
  const told = Promise.withResolvers<number>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => told.resolve(0));
  const driver = await runDriver(options, {
    version: manifest.version,
    protoDirectory: fileURLToPath(new URL("proto", import.meta.url)),
    searchPath: process.env["PATH"] ?? "",
    log,
    atStep: killAt(
      process.env["HOWDAH_CSI_KILL_AT"],
      (file) => readFileSync(file, "utf8"),
      () => process.kill(process.pid, "SIGKILL"),
    ),
    fail: (reason) => {
      log({ level: "error", msg: "the kubelet refuses the driver", reason });
      told.resolve(1);
    },
  });
  const code = await told.promise;
  await driver.stop();
  return code;
}
