import { HowdahError } from "../../kernel/howdah-error.ts";
import { block, type Directive, directive } from "./directive.ts";

const ADDRESS = /^(?:(?:\d{1,3}\.){3}\d{1,3}(?:\/\d{1,2})?|[0-9a-f:]*:[0-9a-f:.]*(?:\/\d{1,3})?)$/i;

/** An address or network, or `render/unsafe`. */
export function trustedNetwork(text: string): string {
  if (!ADDRESS.test(text)) throw new HowdahError("render/unsafe", `Not an address or network: ${JSON.stringify(text)}`);
  return text;
}

/** The request's id in the access log: empty when nobody but this nginx saw the request. */
export const LOGGED_ID = "$howdah_logged_id";

/**
 * What the edge says about a request, believed only when the edge says it: the client's address, the scheme, the request's id.
 * Everything else comes from the connection and from the Host header, which server names have validated (test G4).
 * Declares `$howdah_https` (`on` or empty), `$howdah_scheme`, `$howdah_port`, `$howdah_port_suffix`, `$howdah_request_id` and
 * `LOGGED_ID`.
 */
export function renderTrustedEdge(trustedProxies: readonly string[]): readonly Directive[] {
  const networks = [...new Set(trustedProxies)].map(trustedNetwork).sort();
  return [
    ...networks.map((network) => directive("set_real_ip_from", network)),
    directive("real_ip_header", "X-Forwarded-For"),
    directive("real_ip_recursive", "on"),
    block(
      "geo",
      ["$realip_remote_addr", "$howdah_from_edge"],
      [directive("default", "0"), ...networks.map((network) => directive(network, "1"))],
    ),
    block(
      "map",
      ["$https|$howdah_from_edge|$http_x_forwarded_proto", "$howdah_https"],
      [directive("default", ""), directive(String.raw`~^on\|`, "on"), directive(String.raw`~*^\|1\|https$`, "on")],
    ),
    block("map", ["$howdah_https", "$howdah_scheme"], [directive("default", "http"), directive("on", "https")]),
    block(
      "map",
      ["$http_host", "$howdah_port_suffix"],
      [directive("default", ""), directive("~(?<howdah_suffix>:[0-9]{1,5})$", "$howdah_suffix")],
    ),
    block(
      "map",
      ["$howdah_port_suffix|$howdah_https", "$howdah_port"],
      [directive("default", "80"), directive(String.raw`~^:(?<howdah_asked_port>[0-9]+)\|`, "$howdah_asked_port"), directive("|on", "443")],
    ),
    block(
      "map",
      ["$howdah_from_edge|$http_x_request_id", "$howdah_given_id"],
      [directive("default", ""), directive(String.raw`~^1\|(?<howdah_edge_id>[A-Za-z0-9-]{8,64})$`, "$howdah_edge_id")],
    ),
    block("map", ["$howdah_given_id", "$howdah_request_id"], [directive("default", "$howdah_given_id"), directive("", "$request_id")]),
    // An id ties the lines of several programs together. Where nobody gave one and nobody else saw the request (a file, a page from the
    // cache), none is made up: its random numbers took 5 % of nginx' processor time for a file of 153 kB.
    block("map", ["$howdah_given_id|$upstream_addr", LOGGED_ID], [directive("default", "$howdah_request_id"), directive("|", "")]),
  ];
}
