import { chown, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../src/providers/process.ts";

/** What the common way is made from: the same bases and the same configuration as Howdah's pod. */
export interface CommonWay {
  /** Directory of the code. */
  readonly code: string;
  /** Working directory of its own. */
  readonly directory: string;
  readonly bases: { readonly web: string; readonly php: string };
  /** Directories with nginx' and PHP's configuration as Howdah rendered it. */
  readonly configuration: { readonly nginx: string; readonly php: string };
  readonly port: number;
}

/** Seconds of `buildah bud` for both images, and of `podman kube play --replace`, which has to be done before anything new answers. */
export interface CommonParts {
  readonly build: number;
  readonly play: number;
}

const NAME = "bench-kube-play";

/** PHP-FPM in the foreground; the image has no shell. */
const START =
  "@mkdir('/run/php'); @mkdir('/tmp/sessions'); pcntl_exec('/usr/sbin/php-fpm', ['-F', '-O', '-y', '/etc/howdah/php-fpm.conf', '-c', '/etc/howdah/php.ini']);";

/**
 * The common way: `buildah bud` with a good Dockerfile (large and quiet directories in layers of their own, the own code last, layers
 * cached), both images, then `podman kube play --replace`. Answers a function that deploys and says how many seconds the two parts took, and one that takes
 * everything away.
 */
export async function commonWay(wanted: CommonWay): Promise<{ deploy(): Promise<CommonParts>; remove(): Promise<void> }> {
  const { code, directory, bases, configuration, port } = wanted;
  const scratch = join(directory, "run");
  for (const own of [scratch, join(directory, "tmp-php"), join(directory, "tmp-web")]) {
    await mkdir(own, { recursive: true });
    await chown(own, 50_000, 50_000);
  }
  const directories = (await readdir(code, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const copies = directories.toSorted((a, b) => (a < b ? -1 : 1)).map((name) => `COPY ${name} /srv/web/${name}`);
  for (const [kind, base] of Object.entries(bases)) {
    await writeFile(join(directory, `Dockerfile.${kind}`), [`FROM ${base}`, ...copies, "COPY *.php *.html /srv/web/", ""].join("\n"));
  }
  const volume = (name: string, path: string) => ({ name, hostPath: { path, type: "Directory" } });
  const security = { runAsUser: 50_000, runAsGroup: 50_000, readOnlyRootFilesystem: true };
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: NAME },
    spec: {
      containers: [
        {
          name: "php",
          image: `localhost/${NAME}-php:latest`,
          command: ["/usr/bin/php", "-r", START],
          securityContext: security,
          volumeMounts: [
            { name: "run", mountPath: "/run" },
            { name: "tmp-php", mountPath: "/tmp" },
            { name: "php", mountPath: "/etc/howdah", readOnly: true },
          ],
        },
        {
          name: "web",
          image: `localhost/${NAME}-web:latest`,
          command: ["/usr/sbin/nginx", "-c", "/etc/howdah/nginx/nginx.conf"],
          ports: [{ containerPort: 8080, hostPort: port }],
          securityContext: security,
          volumeMounts: [
            { name: "run", mountPath: "/run" },
            { name: "tmp-web", mountPath: "/tmp" },
            { name: "nginx", mountPath: "/etc/howdah/nginx", readOnly: true },
          ],
        },
      ],
      volumes: [
        volume("run", scratch),
        volume("tmp-php", join(directory, "tmp-php")),
        volume("tmp-web", join(directory, "tmp-web")),
        volume("php", configuration.php),
        volume("nginx", configuration.nginx),
      ],
    },
  };
  const file = join(directory, "pod.json");
  await writeFile(file, JSON.stringify(pod));
  return {
    deploy: async () => {
      const started = performance.now();
      for (const kind of ["web", "php"]) {
        const tag = ["--tag", `localhost/${NAME}-${kind}:latest`];
        await run(["buildah", "bud", "--layers", "--pull-never", "--quiet", ...tag, "--file", join(directory, `Dockerfile.${kind}`), code]);
      }
      const built = performance.now();
      await run(["podman", "kube", "play", "--replace", file]);
      return { build: (built - started) / 1000, play: (performance.now() - built) / 1000 };
    },
    remove: async () => {
      await run(["podman", "kube", "play", "--down", file], { accept: "any" });
      await run(["podman", "rmi", "--force", ...["web", "php"].map((kind) => `localhost/${NAME}-${kind}:latest`)], { accept: "any" });
      await rm(directory, { recursive: true, force: true });
    },
  };
}
