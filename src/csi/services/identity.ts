import { DRIVER } from "../../kernel/storage-driver.ts";
import type { Handlers } from "./unary.ts";

/** Who the driver is, and what it has. `version` is Howdah's. */
export function identityService(version: string): Handlers {
  return {
    GetPluginInfo: async () => ({ name: DRIVER, vendor_version: version }),
    GetPluginCapabilities: async () => ({
      capabilities: [
        { service: { type: "CONTROLLER_SERVICE" } },
        // Volumes are on one node, and say so.
        { service: { type: "VOLUME_ACCESSIBILITY_CONSTRAINTS" } },
        { volume_expansion: { type: "ONLINE" } },
      ],
    }),
    // It listens when what a killed driver left has been put right.
    Probe: async () => ({ ready: { value: true } }),
  };
}
