import { block, directive, dollarVariable, literal } from "../nginx/directive.ts";
import { edgePage } from "../nginx/edge-pages.ts";
import { printNginx } from "../nginx/print-nginx.ts";
import { renderHead, renderTempPaths } from "../nginx/server-basics.ts";
import { WEB_PORT } from "../site/render-containers.ts";

const FOLDER = "/etc/howdah/maintenance";

/** A pod that answers every visitor of a held site with 503 and a page. */
export interface MaintenanceServer {
  readonly container: { readonly command: readonly string[]; readonly volumeMounts: readonly object[] };
  /** Beside the volume `files`. */
  readonly volumes: readonly { readonly name: string; readonly emptyDir: object }[];
  /** File name to content. */
  readonly files: Readonly<Record<string, string>>;
}

/** Made of the site's own nginx, which every node that runs the site has: no other image is pulled while a site is down. */
export function renderMaintenanceServer(page: { readonly text: string; readonly retryAfter: number }): MaintenanceServer {
  const seconds = Math.max(1, Math.ceil(page.retryAfter));
  const html = edgePage({ title: "Back in a moment", text: page.text, refresh: seconds });
  const config = printNginx([
    ...renderHead({ modules: [], workerProcesses: 1, drainSeconds: 5 }),
    block(
      "http",
      [],
      [
        ...renderTempPaths(),
        dollarVariable(),
        directive("access_log", "off"),
        directive("server_tokens", "off"),
        block(
          "server",
          [],
          [
            directive("listen", WEB_PORT, "default_server"),
            directive("server_name", "_"),
            directive("default_type", "text/html"),
            directive("charset", "utf-8"),
            directive("add_header", "Retry-After", String(seconds), "always"),
            directive("add_header", "Cache-Control", "no-store", "always"),
            directive("return", 503, literal(html)),
          ],
        ),
      ],
    ),
  ]);
  return {
    container: {
      command: ["/usr/sbin/nginx", "-c", `${FOLDER}/nginx.conf`],
      volumeMounts: [
        { name: "files", mountPath: FOLDER, readOnly: true },
        { name: "run", mountPath: "/run" },
        { name: "tmp", mountPath: "/tmp" },
      ],
    },
    volumes: [
      { name: "run", emptyDir: { medium: "Memory", sizeLimit: "8Mi" } },
      { name: "tmp", emptyDir: { sizeLimit: "64Mi" } },
    ],
    files: { "nginx.conf": config },
  };
}
