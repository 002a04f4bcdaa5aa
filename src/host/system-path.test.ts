import { expect, it } from "vitest";
import { withSystemDirectories } from "./system-path.ts";

it.each([
  ["/usr/local/bin:/usr/bin:/bin", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"],
  ["/sbin:/usr/sbin:/bin", "/sbin:/usr/sbin:/bin"],
  ["", "/usr/sbin:/sbin"],
])("adds the system's directories to %j", (path, wanted) => expect(withSystemDirectories(path)).toBe(wanted));
