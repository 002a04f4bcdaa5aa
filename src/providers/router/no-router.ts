import type { DatabaseRouter } from "./database-router.ts";

/** Sites connect to their server straight: what an embedded and an external one have. There is nothing to keep in step. */
export const noRouter: DatabaseRouter = {
  kind: "none",
  knowsUsers: false,
  reconcile: () => Promise.resolve([]),
  look: () => Promise.resolve([]),
};
