import { fileAction } from "../../../anonymize/compile/compile-files.ts";
import type { MaskPlan } from "../../../anonymize/plan.ts";
import { replacementFor } from "./replacement.ts";
import type { FileJudge } from "./copy-mount.ts";

/** Judges files by the plan's rules, mount by mount. */
export function judgeFiles({ files }: Pick<MaskPlan, "files">): (mount: string) => FileJudge {
  return (mount) => ({
    verdict: (path) => fileAction(files, mount, path)?.action ?? null,
    replacement: (path) => replacementFor(path),
  });
}
