import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ImageRecipe } from "../../cluster/image.ts";

const applets = ["sh", "httpd", "sleep", "cat", "nc", "mkdir", "printf", "sed", "tr", "kill", "env", "ls", "id"];

/** The image of the engine's contract (busybox with the program `behave`) for a cluster's nodes: no podman, no registry. */
export async function behaveRecipe(): Promise<ImageRecipe> {
  return {
    name: "howdah.test/behave:1",
    files: {
      "/bin/busybox": { from: "/usr/bin/busybox" },
      ...Object.fromEntries(applets.map((name) => [`/bin/${name}`, { link: "busybox" }])),
      "/bin/behave": { text: await readFile(join(import.meta.dirname, "behave.sh"), "utf8") },
      "/etc/passwd": { text: "app:x:50000:50000::/:/bin/sh\n", mode: 0o644 },
      "/etc/nsswitch.conf": { text: "hosts: files dns\n", mode: 0o644 },
    },
    directories: { "/tmp": 0o1777, "/run": 0o755, "/data": 0o755, "/srv/web": 0o755, "/srv/secret": 0o755, "/scratch": 0o755 },
    entrypoint: ["/bin/behave"],
    user: "50000:50000",
    env: { PATH: "/bin" },
  };
}
