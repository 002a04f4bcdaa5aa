import type { Emit } from "../../kernel/event.ts";

/** What the work on a site's images has beside the request. */
export interface SiteWork {
  readonly emit: Emit;
  readonly signal?: AbortSignal | undefined;
  readonly hookEnvironment: Readonly<Record<string, string>>;
}
