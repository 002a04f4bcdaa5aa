import type { EdgeInput } from "../../../src/render/nginx/edge-input.ts";

/** A small edge configuration for tests of the engine alone; the real one is src/render/nginx. Its values are of the test itself. */
export function stubEdge(input: EdgeInput): string {
  const { bind, httpPort, httpsPort } = input.listen;
  const servers = input.routes.map((route, index) => {
    const up = route.backends.map(({ address, port }) => `  server ${address}:${port};`);
    const tls =
      route.tls === undefined || httpsPort === undefined
        ? []
        : [`  listen ${bind}:${httpsPort} ssl;`, `  ssl_certificate ${route.tls.certificate};`, `  ssl_certificate_key ${route.tls.key};`];
    return [
      ...(up.length === 0 ? [] : [`upstream u${index} {`, ...up, "}"]),
      "server {",
      `  listen ${bind}:${httpPort};`,
      ...tls,
      `  server_name ${route.hostnames.join(" ")};`,
      `  location / { ${up.length === 0 ? "return 503" : `proxy_pass http://u${index}`}; }`,
      "}",
    ].join("\n");
  });
  return [
    "daemon off;",
    "pid /run/nginx.pid;",
    "error_log /dev/stderr notice;",
    "worker_processes 2;",
    "events { worker_connections 512; }",
    "http {",
    "access_log off;",
    ...["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path /tmp/${name};`),
    `server { listen ${bind}:${httpPort} default_server; return 404; }`,
    ...servers,
    "}",
    "",
  ].join("\n");
}
