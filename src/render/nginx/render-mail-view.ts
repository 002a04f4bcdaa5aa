import type { Site } from "../../site/site.ts";
import { catchesMail, MAIL_PATHS, MAIL_VIEW } from "../mail/caught-mail.ts";
import { block, type Directive, directive, literal, when } from "./directive.ts";
import { webRootOf } from "./effective-locations.ts";
import { renderFastcgiParams } from "./fastcgi-params.ts";
import type { FastcgiUpstream } from "./nginx-facts.ts";
import { renderPass } from "./render-locations.ts";

/** The site's own rewrites leave the view's path alone: before them. */
export function renderMailBreak(site: Site): readonly Directive[] {
  return catchesMail(site) ? [when(["$uri", "~", "^/-/mail(?:/|$)"], [directive("break")])] : [];
}

/**
 * The web view of an environment's mails: a script of the image, under the environment's own name, behind its password if it has one. No site's script is at
 * that path, and none is run by it.
 */
export function renderMailView(site: Site, upstream: FastcgiUpstream): readonly Directive[] {
  if (!catchesMail(site)) return [];
  return [
    block("location", ["=", MAIL_VIEW.slice(0, -1)], [directive("return", 301, MAIL_VIEW)]),
    block(
      "location",
      ["^~", MAIL_VIEW],
      [
        directive("fastcgi_cache", "off"),
        ...renderFastcgiParams({
          filename: literal(MAIL_PATHS.view),
          name: "$uri",
          pathInfo: "",
          query: "$args",
          documentRoot: literal(webRootOf(site)),
          serverAddress: "$server_addr",
          hidesLogin: true,
        }),
        directive("fastcgi_param", "HTTP_COOKIE", ""),
        renderPass(upstream),
      ],
    ),
  ];
}
