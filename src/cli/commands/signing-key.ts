import type { Secret } from "../../kernel/secret.ts";
import type { openKey } from "../../workflows/attest/open-key.ts";
import type { Ports } from "../../workflows/ports.ts";
import type { CliContext } from "../context.ts";

/** The key of `--sign-key`, or of the settings; null without one. On a terminal its password is asked for. Errors: those of `openKey`. */
export async function signingKey(file: string | undefined, context: CliContext, ports: Ports): ReturnType<typeof openKey> {
  const { openKey } = await import("../../workflows/attest/open-key.ts");
  const { directory, terminal } = context;
  const ask = async (): Promise<Secret> => (await import("../ask.ts")).askPassword("Password of the key");
  return openKey(file, { directory, ask: terminal.interactive ? ask : null }, ports);
}
