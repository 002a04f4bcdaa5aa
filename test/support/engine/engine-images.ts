import { chmod, copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { run } from "../../../src/providers/process.ts";

/** Images of the engine's tests, made without a registry. */
export const BEHAVE_IMAGE = "localhost/t-engine/behave:1";
export const NGINX_IMAGE = "localhost/t-engine/nginx:1";

const applets = ["sh", "httpd", "sleep", "cat", "nc", "mkdir", "printf", "sed", "tr", "kill", "env", "ls", "id"];

/** busybox with the program `behave`. The host's busybox must be the static one (package busybox-static). */
export async function buildBehaveImage(): Promise<void> {
  await assemble(BEHAVE_IMAGE, async (root) => {
    await mkdir(join(root, "bin"), { recursive: true });
    await copyFile("/usr/bin/busybox", join(root, "bin/busybox"));
    for (const applet of applets) await symlink("busybox", join(root, "bin", applet));
    await copyFile(join(import.meta.dirname, "behave.sh"), join(root, "bin/behave"));
    await chmod(join(root, "bin/behave"), 0o755);
  });
}

/** Debian's nginx with the libraries that it is linked to. */
export async function buildNginxImage(): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), "t-engine-nginx-"));
  try {
    await run(["apt-get", "download", "nginx"], { cwd: work });
    const [deb] = await readdir(work);
    await run(["dpkg-deb", "--extract", join(work, deb ?? ""), join(work, "root")]);
    const program = join(work, "root/usr/sbin/nginx");
    const { stdout } = await run(["ldd", program]);
    await assemble(NGINX_IMAGE, async (root) => {
      await mkdir(join(root, "bin"), { recursive: true });
      await copyFile(program, join(root, "bin/nginx"));
      for (const library of stdout.matchAll(/(\/\S+)/g)) {
        const path = library[1] ?? "";
        await mkdir(join(root, dirname(path)), { recursive: true });
        await copyFile(path, join(root, dirname(path), basename(path)));
      }
      await mkdir(join(root, "var/log/nginx"), { recursive: true });
      await mkdir(join(root, "var/lib/nginx"), { recursive: true });
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function assemble(image: string, fill: (root: string) => Promise<void>): Promise<void> {
  const container = (await run(["buildah", "from", "scratch"])).stdout.trim();
  try {
    const root = (await run(["buildah", "mount", container])).stdout.trim();
    for (const directory of ["tmp", "run", "data", "etc", "srv/web", "srv/secret", "proc", "sys", "dev"])
      await mkdir(join(root, directory), { recursive: true });
    await writeFile(join(root, "etc/passwd"), "app:x:50000:50000::/:/bin/sh\n");
    await writeFile(join(root, "etc/nsswitch.conf"), "hosts: files dns\n"); // as the images of sites have it
    await chmod(join(root, "tmp"), 0o1777);
    await fill(root);
    await run(["buildah", "umount", container]);
    await run(["buildah", "config", "--user", "50000:50000", "--stop-signal", "SIGQUIT", "--env", "PATH=/bin", container]);
    await run(["buildah", "commit", "--quiet", "--timestamp", "0", container, image]);
  } finally {
    await run(["buildah", "rm", container], { accept: "any" });
  }
}

/** Removes the images again, unless another file's containers use them: without force podman refuses that, and who is last succeeds. */
export async function removeEngineImages(): Promise<void> {
  await run(["podman", "rmi", BEHAVE_IMAGE, NGINX_IMAGE], { accept: "any" });
}
