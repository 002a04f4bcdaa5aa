import { RUN_AS } from "../kernel/label.ts";
import type { Container } from "./objects.ts";

/** Every container of ours: nobody's user, nothing to write to but its volumes, no way to more rights. Pod Security `restricted` asks for it. */
export const SEALED = {
  runAsUser: RUN_AS,
  runAsGroup: RUN_AS,
  readOnlyRootFilesystem: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
} as const satisfies Container["securityContext"];
