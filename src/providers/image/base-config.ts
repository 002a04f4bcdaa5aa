import type { BaseRequest } from "../../catalog/image-recipes.ts";
import { CODE_ROOT, LABEL_PREFIX, RUN_AS } from "../../kernel/label.ts";
import { unreachable } from "../../kernel/unreachable.ts";
import type { ImageConfig } from "./image-manifest.ts";

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** How containers of a base image start: always as the one user, without a shell in between, with a stop signal that drains. */
export function baseConfig(request: BaseRequest, recipeHash: string): ImageConfig {
  const labels = { [`${LABEL_PREFIX}/kind`]: request.kind, [`${LABEL_PREFIX}/recipe`]: recipeHash };
  const common = { user: `${RUN_AS}:${RUN_AS}`, workingDir: CODE_ROOT, labels, stopSignal: undefined };
  switch (request.kind) {
    case "php":
      return {
        ...common,
        entrypoint: ["/usr/bin/php", "/usr/lib/howdah/entrypoint.php"],
        cmd: ["serve"],
        env: [PATH],
        stopSignal: "SIGQUIT",
        labels: { ...labels, [`${LABEL_PREFIX}/php`]: request.version },
      };
    case "nginx":
      return {
        ...common,
        entrypoint: ["/usr/sbin/nginx"],
        cmd: ["-e", "stderr", "-g", "daemon off;", "-c", "/etc/howdah/nginx/nginx.conf"],
        env: [PATH],
        stopSignal: "SIGQUIT",
      };
    case "mariadb":
      return {
        ...common,
        entrypoint: ["/usr/lib/howdah/entrypoint.sh"],
        cmd: [],
        env: [PATH],
        workingDir: "/",
        stopSignal: "SIGTERM",
        labels: { ...labels, [`${LABEL_PREFIX}/mariadb`]: request.version },
      };
    case "mariadb-backup":
    case "galera":
      return {
        ...common,
        entrypoint: ["/usr/lib/howdah/entrypoint.sh"],
        cmd: [],
        env: [PATH],
        workingDir: "/",
        stopSignal: "SIGTERM",
        labels: { ...labels, [`${LABEL_PREFIX}/mariadb`]: request.version },
      };
    case "valkey":
      return { ...common, entrypoint: ["/usr/bin/valkey-server"], cmd: ["--version"], env: [PATH], workingDir: "/", stopSignal: "SIGTERM" };
    case "haproxy":
      // SIGUSR1 lets it end when its last connection has: who is connected is not cut.
      return { ...common, entrypoint: ["/usr/sbin/haproxy"], cmd: ["-v"], env: [PATH], workingDir: "/", stopSignal: "SIGUSR1" };
    case "php-builder":
    case "node-builder":
      return { ...common, entrypoint: [], cmd: ["/bin/sh"], env: [PATH, "HOME=/tmp", "LANG=C.UTF-8"] };
    case "data-mover":
      return { ...common, entrypoint: ["/usr/bin/rsync"], cmd: ["--version"], env: [PATH, "LANG=C.UTF-8"], workingDir: "/" };
    case "operator":
    case "storage":
      return { ...common, entrypoint: ["/usr/bin/node"], cmd: ["--version"], env: [PATH, "LANG=C.UTF-8"], workingDir: "/" };
    default:
      return unreachable(request);
  }
}
