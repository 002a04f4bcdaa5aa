import { status } from "@grpc/grpc-js";
import { HowdahError } from "../kernel/howdah-error.ts";

/** A failure as CSI names it: the code decides what the caller does next, so it is chosen, never left to chance. */
export class CsiError extends Error {
  override readonly name = "CsiError";
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.code = code;
  }
}

/** What a request lacks or says wrongly: asking again without a change is pointless. */
export function invalid(message: string): CsiError {
  return new CsiError(status.INVALID_ARGUMENT, message);
}

/**
 * Any failure as CSI names it. No room is `RESOURCE_EXHAUSTED`, on which provisioners try another node; what was stopped is `ABORTED`, since it
 * may still be under way; the rest is `INTERNAL`, after which nothing of the call is left.
 */
export function asCsiError(error: unknown): CsiError {
  if (error instanceof CsiError) return error;
  if (!(error instanceof HowdahError)) return new CsiError(status.INTERNAL, error instanceof Error ? error.message : String(error));
  switch (error.code) {
    case "dataset/storage-full":
    case "machine/disk-full":
      return new CsiError(status.RESOURCE_EXHAUSTED, error.message);
    case "dataset/storage-missing":
      return new CsiError(status.NOT_FOUND, error.message);
    case "cancelled":
    case "dataset/storage-busy":
      return new CsiError(status.ABORTED, error.message);
    default:
      return new CsiError(status.INTERNAL, [error.message, ...error.output.slice(-3)].join(" | "));
  }
}
