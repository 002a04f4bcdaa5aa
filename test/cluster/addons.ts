import type { Addon } from "./addon.ts";

/** All add-ons, in the order in which they start. */
export const addons: readonly Addon[] = [];
