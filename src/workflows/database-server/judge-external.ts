import { HowdahError } from "../../kernel/howdah-error.ts";
import { requireWriter } from "../../providers/database/external/check-external.ts";
import { chooseWriter, type WriterChoice } from "../../providers/database/external/choose-writer.ts";
import type { ExternalServer } from "./database-server-document.ts";
import { type FindWriterPorts, probeExternal } from "./find-writer.ts";

/** What an external server is now: who is the writer, and why sites can't use it, or can't any more. */
export interface JudgedServer {
  readonly choice: WriterChoice;
  readonly failure?: HowdahError;
}

/** Asks every address, and changes nothing. Error: `database/login-refused` while its secret lacks user or password. */
export async function judgeExternal(document: ExternalServer, ports: FindWriterPorts): Promise<JudgedServer> {
  const probed = await probeExternal(document, ports);
  const choice = chooseWriter(probed, document.writer);
  try {
    requireWriter(document.name, probed, document.writer);
    return { choice };
  } catch (failure) {
    if (failure instanceof HowdahError) return { choice, failure };
    throw failure;
  }
}
