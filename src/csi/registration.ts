import { DRIVER } from "../kernel/storage-driver.ts";
import type { Handlers } from "./services/unary.ts";

/**
 * What a kubelet asks on the socket in its directory of plugins: who is there, and by which socket to speak to it. No program beside the driver is needed
 * for that. A kubelet that refuses is told of by `refused`: a driver that nobody uses had better be started again.
 */
export function registrationService(endpoint: string, refused: (reason: string) => void): Handlers {
  return {
    GetInfo: async () => ({ type: "CSIPlugin", name: DRIVER, endpoint, supported_versions: ["1.0.0"] }),
    NotifyRegistrationStatus: async ({ plugin_registered, error }: { readonly plugin_registered: boolean; readonly error: string }) => {
      if (!plugin_registered) refused(error);
      return {};
    },
  };
}
