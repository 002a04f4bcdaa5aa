import { block, directive, dollarVariable, literal } from "../nginx/directive.ts";
import { edgePage } from "../nginx/edge-pages.ts";
import { printNginx } from "../nginx/print-nginx.ts";
import { renderHead, renderTempPaths } from "../nginx/server-basics.ts";

/** The program of a server that answers for a site, with what it mounts. The volume `files` holds `files`. */
export interface MaintenancePodParts {
  readonly container: {
    readonly command: readonly string[];
    readonly args: readonly string[];
    readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
  };
  readonly volumes: readonly { readonly name: string; readonly emptyDir: { readonly medium: "Memory"; readonly sizeLimit: string } }[];
  readonly files: Readonly<Record<string, string>>;
}

const FILE = "nginx.conf";
const FOLDER = "/etc/howdah/nginx";
/** Whoever was sent here just before the site is back still gets an answer. */
const DRAIN_SECONDS = 5;

/**
 * nginx, from the image of a site's own web server, that answers every request with 503, a page and `Retry-After`: what a Service leads to
 * while a site is held. Bodies of any size are taken, so that whoever sends one reads the page instead of a reset. Pure.
 */
export function renderMaintenancePod({
  page,
  ports,
}: {
  readonly page: { readonly text: string; readonly retryAfter: number };
  readonly ports: readonly number[];
}): MaintenancePodParts {
  const seconds = Math.min(3600, Math.max(1, Math.trunc(page.retryAfter)));
  const body = edgePage({ title: "This site will be back soon", text: page.text, refresh: seconds });
  const configuration = printNginx([
    ...renderHead({ modules: [], workerProcesses: 1, drainSeconds: DRAIN_SECONDS }),
    block(
      "http",
      [],
      [
        ...renderTempPaths(),
        directive("server_tokens", "off"),
        directive("access_log", "off"),
        directive("client_max_body_size", 0),
        dollarVariable(),
        block(
          "server",
          [],
          [
            ...ports.map((port) => directive("listen", port)),
            directive("server_name", "_"),
            directive("error_page", 503, "=", "@maintenance"),
            block("location", ["/"], [directive("return", 503)]),
            block(
              "location",
              ["@maintenance"],
              [
                directive("default_type", "text/html"),
                directive("add_header", "Cache-Control", "no-store", "always"),
                directive("add_header", "Retry-After", String(seconds), "always"),
                directive("return", 503, literal(body)),
              ],
            ),
          ],
        ),
      ],
    ),
  ]);
  return {
    container: {
      command: ["/usr/sbin/nginx"],
      args: ["-c", `${FOLDER}/${FILE}`],
      volumeMounts: [
        { name: "files", mountPath: FOLDER, readOnly: true },
        { name: "run", mountPath: "/run" },
        { name: "tmp", mountPath: "/tmp" },
      ],
    },
    volumes: ["run", "tmp"].map((name) => ({ name, emptyDir: { medium: "Memory", sizeLimit: "8Mi" } })),
    files: { [FILE]: configuration },
  };
}
