import type { EngineContext, Ports } from "../../workflows/ports.ts";
import type { CliContext } from "../context.ts";

/** Runs long work with live progress; the reporter is closed whatever happens, so the terminal stays clean. */
export async function withReporter<T>(context: CliContext, work: (ports: Ports, engine: EngineContext) => Promise<T>): Promise<T> {
  const ports = await context.ports();
  const reporter = context.reporter(ports);
  try {
    return await work(ports, { emit: reporter.emit, signal: context.signal });
  } finally {
    reporter.close();
  }
}
