import { run } from "../../../src/providers/process.ts";
import type { ImageRecipe } from "../image.ts";

/** A small image with a shell, for helper pods and for tests that need a client: `sh`, `wget`, `nc`, `nslookup`, `httpd`, `sleep`, … */
export const BUSYBOX_IMAGE = "howdah.test/busybox:1";

/** Debian's static busybox with a link for each of its programs. */
export async function busyboxRecipe(): Promise<ImageRecipe> {
  const { stdout } = await run(["/usr/bin/busybox", "--list"]);
  const links = stdout.split("\n").filter((name) => name !== "" && name !== "busybox");
  return {
    name: BUSYBOX_IMAGE,
    files: {
      "/bin/busybox": { from: "/usr/bin/busybox" },
      ...Object.fromEntries(links.map((name) => [`/bin/${name}`, { link: "busybox" }])),
      "/etc/nsswitch.conf": { text: "hosts: files dns\n", mode: 0o644 },
      "/etc/passwd": { text: "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n", mode: 0o644 },
    },
    directories: { "/tmp": 0o1777, "/root": 0o700 },
    entrypoint: ["/bin/sh"],
    env: { PATH: "/bin" },
  };
}
