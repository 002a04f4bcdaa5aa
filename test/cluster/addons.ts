import type { Addon } from "./addon.ts";
import { networkPolicy } from "./addons/network-policy/addon.ts";

/** All add-ons, in the order in which they start. */
export const addons: readonly Addon[] = [networkPolicy];
