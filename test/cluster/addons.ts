import type { Addon } from "./addon.ts";
import { csi } from "./addons/csi/addon.ts";
import { customMetrics } from "./addons/custom-metrics/addon.ts";
import { dns } from "./addons/dns.ts";
import { gateway } from "./addons/gateway/addon.ts";
import { kwok } from "./addons/kwok/addon.ts";
import { metricsServer } from "./addons/metrics-server/addon.ts";
import { networkPolicy } from "./addons/network-policy/addon.ts";
import { registry } from "./addons/registry.ts";
import { sharedFiles } from "./addons/shared-files/addon.ts";
import { storage } from "./addons/storage.ts";

/** All add-ons, in the order in which they start. */
export const addons: readonly Addon[] = [
  networkPolicy,
  registry,
  dns,
  storage,
  csi,
  gateway,
  metricsServer,
  sharedFiles,
  kwok,
  customMetrics,
];
