import { type ErrorCode, errorCatalog } from "../kernel/error-catalog.ts";
import { parseJson } from "../kernel/parse-json.ts";

/** What a container's entrypoint says on standard error as `howdah: {…}` (src/entrypoint): a step to show, or a named failure. */
export type EntrypointLine =
  | { readonly event: "step"; readonly message: string }
  | { readonly event: "failed"; readonly code: ErrorCode; readonly message: string };

/** Reads one log line. Containers run code of strangers: anything that isn't exactly such a line is ordinary output. */
export function entrypointLine(text: string): EntrypointLine | undefined {
  if (!text.startsWith("howdah: {") || text.length > 4096) return undefined;
  const said = parsed(text.slice("howdah: ".length));
  if (said === undefined || typeof said.message !== "string") return undefined;
  const message = said.message.replace(/\p{Cc}/gu, " ");
  if (said.event === "step") return { event: "step", message };
  if (said.event !== "failed") return undefined;
  const known = typeof said.code === "string" && Object.hasOwn(errorCatalog, said.code);
  return { event: "failed", code: known ? (said.code as ErrorCode) : "engine/crashed", message };
}

function parsed(text: string): { event?: unknown; code?: unknown; message?: unknown } | undefined {
  const value = parseJson(text);
  return typeof value === "object" && value !== null ? value : undefined;
}
