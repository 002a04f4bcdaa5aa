import type { ObjectKey, Rendered } from "../render/objects.ts";

/** One thing to do, with its reason. Plans are data: `--dry-run` prints them, `apply` performs them in order. */
export type Step =
  | { readonly do: "create"; readonly key: ObjectKey; readonly desired: Rendered; readonly because: string }
  | { readonly do: "update"; readonly key: ObjectKey; readonly desired: Rendered; readonly because: string }
  | { readonly do: "delete"; readonly key: ObjectKey; readonly because: string }
  /** Data that is no longer asked for stays: it is only let go of, and named. Deleting it is a verb of its own. */
  | { readonly do: "keep"; readonly key: ObjectKey; readonly because: string };
