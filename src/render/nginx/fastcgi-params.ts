import { type Directive, directive } from "./directive.ts";

/** Which script, with which path and query. The words may hold nginx variables. */
export interface Script {
  readonly filename: string;
  readonly name: string;
  readonly pathInfo: string;
  readonly query: string;
  readonly documentRoot: string;
  readonly serverAddress: string;
  /** nginx itself asks for a password: applications, which take one for theirs, never see it. */
  readonly hidesLogin: boolean;
}

/** Headers with which clients could pass themselves off as a proxy, or change the path behind the server's back. PHP never sees them. */
const FORGEABLE = [
  "PROXY",
  "FORWARDED",
  "X_FORWARDED",
  "X_FORWARDED_SERVER",
  "X_FORWARDED_PREFIX",
  "X_FORWARDED_SSL",
  "X_FORWARDED_PROTOCOL",
  "X_FORWARDED_SCHEME",
  "X_URL_SCHEME",
  "FRONT_END_HTTPS",
  "FORWARDED_FOR",
  "X_CLUSTER_CLIENT_IP",
  "X_CLIENT_IP",
  "CLIENT_IP",
  "TRUE_CLIENT_IP",
  "CF_CONNECTING_IP",
  "CF_VISITOR",
  "X_ORIGINAL_URL",
  "X_REWRITE_URL",
  "X_HOST",
];

/**
 * The FastCGI parameters, all of them and nobody else's: Debian's own file drops the port from HTTP_HOST, which sends WordPress into
 * an endless redirect. Forwarding headers are overwritten with what is known, or left out.
 */
export function renderFastcgiParams(script: Script): readonly Directive[] {
  const param = (name: string, value: string): Directive => directive("fastcgi_param", name, value);
  const known = (name: string, value: string): Directive => directive("fastcgi_param", name, value, "if_not_empty");
  return [
    param("SCRIPT_FILENAME", script.filename),
    param("SCRIPT_NAME", script.name),
    known("PATH_INFO", script.pathInfo),
    param("QUERY_STRING", script.query),
    param("DOCUMENT_ROOT", script.documentRoot),
    param("DOCUMENT_URI", "$document_uri"),
    param("REQUEST_URI", "$request_uri"),
    param("REQUEST_METHOD", "$request_method"),
    param("REQUEST_SCHEME", "$howdah_scheme"),
    param("CONTENT_TYPE", "$content_type"),
    param("CONTENT_LENGTH", "$content_length"),
    param("GATEWAY_INTERFACE", "CGI/1.1"),
    param("SERVER_SOFTWARE", "nginx"),
    param("SERVER_PROTOCOL", "$server_protocol"),
    param("SERVER_ADDR", script.serverAddress),
    param("SERVER_NAME", "$host"),
    param("SERVER_PORT", "$howdah_port"),
    param("REMOTE_ADDR", "$remote_addr"),
    known("REMOTE_PORT", "$remote_port"),
    known("HTTPS", "$howdah_https"),
    param("REDIRECT_STATUS", "200"),
    param("HTTP_HOST", "$host$howdah_port_suffix"),
    param("HTTP_X_FORWARDED_FOR", "$remote_addr"),
    param("HTTP_X_REAL_IP", "$remote_addr"),
    param("HTTP_X_FORWARDED_PROTO", "$howdah_scheme"),
    param("HTTP_X_FORWARDED_HOST", "$host$howdah_port_suffix"),
    param("HTTP_X_FORWARDED_PORT", "$howdah_port"),
    param("HTTP_X_REQUEST_ID", "$howdah_request_id"),
    ...(script.hidesLogin ? [known("HTTP_AUTHORIZATION", "")] : []),
    ...FORGEABLE.map((name) => known(`HTTP_${name}`, "")),
  ];
}
