import type { Emit } from "../../kernel/event.ts";
import type { SiteImageRequest, SiteImages } from "../image-builder.ts";
import type { Lock } from "../image-lock.ts";
import type { BuilderContext } from "./builder-context.ts";

export async function ensureSiteImages(
  _request: SiteImageRequest,
  _lock: Lock,
  _context: BuilderContext,
  _work: { readonly emit: Emit; readonly signal: AbortSignal | undefined; readonly hookEnvironment: Readonly<Record<string, string>> },
): Promise<SiteImages> {
  throw new Error("not there yet");
}
