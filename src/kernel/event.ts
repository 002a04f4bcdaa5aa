import type { ErrorCode } from "./error-catalog.ts";

/**
 * What long work says while it goes on. Work emits events; a reporter (terminal, plain lines, JSON) prints them.
 * A task has a stable `id` (`image/php`, `apply/Deployment/blog`); `parent` groups tasks; times are the reporter's business.
 */
export type Event =
  | { readonly type: "task-started"; readonly id: string; readonly title: string; readonly parent?: string }
  | { readonly type: "task-progress"; readonly id: string; readonly detail: string }
  | { readonly type: "task-done"; readonly id: string; readonly outcome: "changed" | "unchanged"; readonly detail?: string }
  | { readonly type: "task-failed"; readonly id: string; readonly code: ErrorCode; readonly message: string }
  | { readonly type: "output"; readonly id: string; readonly line: string }
  | { readonly type: "notice"; readonly level: "info" | "warning"; readonly message: string };

/** Takes events; never throws and never blocks the work. */
export type Emit = (event: Event) => void;
