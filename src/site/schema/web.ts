import * as z from "zod";
import { oneLine, relativePath, size, urlPath } from "./grammar.ts";

const location = z
  .strictObject({
    passthru: z
      .union([z.boolean(), urlPath])
      .optional()
      .meta({ description: "Requests that match no file go to this script (the front controller). `true` means /index.php." }),
    pathInfo: z
      .boolean()
      .optional()
      .meta({ description: "Append the URL as PATH_INFO to the front controller, instead of passing only the query string." }),
    query: z
      .string()
      .regex(/^[A-Za-z0-9_]{1,64}$/, "must be a query parameter's name: letters, digits and `_`")
      .optional()
      .meta({
        description: "Pass the URL below the location in this query parameter of the front controller (DokuWiki's `id`, old Drupal's `q`).",
      }),
    scripts: z.boolean().optional().meta({ description: "`false`: PHP never runs below this location, whatever is uploaded there." }),
    allow: z.boolean().optional().meta({ description: "`false`: answers 403 (nothing below is served)." }),
    internal: z.boolean().optional().meta({ description: "Only reached by X-Accel-Redirect from PHP." }),
    root: relativePath.optional().meta({ description: "Serve this directory here instead of the web root's (an alias)." }),
    expires: z
      .string()
      .regex(/^(-1|[1-9][0-9]{0,5}(s|m|h|d|w))$/, "must be a span such as `7d`, or `-1` for never")
      .optional()
      .meta({ description: "How long browsers may keep static files.", examples: ["7d"] }),
    headers: z
      .record(z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, "must be a header's name"), oneLine)
      .optional()
      .meta({ description: "Headers added to every answer here." }),
    redirect: z
      .strictObject({
        to: oneLine.meta({ description: "A path (`/new`) or a URL." }),
        status: z
          .union([z.literal(301), z.literal(302), z.literal(307), z.literal(308)])
          .default(301)
          .meta({ description: "301 and 308 are for good, 302 and 307 for now; 307 and 308 keep the method." }),
      })
      .optional()
      .meta({ description: "Answer with a redirect. `to` may be a path or a URL." }),
  })
  .meta({ description: "What happens to requests below a path." });

const rewrite = z
  .strictObject({
    from: oneLine
      .min(1)
      .meta({ description: "Regular expression (PCRE) on the URL path, anchored at its start by `^` if you want it so." }),
    to: oneLine.min(1).meta({
      description: "The new path, with `$1` for what the expression caught; a `?` starts a query.",
      examples: ["/doku.php?id=$1"],
    }),
    ifNoFile: z.boolean().default(false).meta({ description: "Only when no file or directory of that name is there." }),
    redirect: z
      .union([z.literal(301), z.literal(302), z.literal(307), z.literal(308)])
      .optional()
      .meta({ description: "Send the browser there, instead of rewriting silently." }),
  })
  .meta({ description: "A rewrite rule, tried in order before locations." });

/** `spec.web`: what nginx serves and how. */
export const web = z
  .strictObject({
    root: relativePath
      .default(".")
      .meta({ description: "The web root: the directory that browsers may reach, below the site's directory.", examples: ["public"] }),
    index: z
      .array(z.string().regex(/^[A-Za-z0-9._-]+$/))
      .optional()
      .meta({ description: "Index files, in order. Default: index.php index.html index.htm (static sites: without index.php)." }),
    locations: z
      .record(urlPath, location)
      .default({})
      .meta({
        description: "Rules by URL path, as in Upsun's `web.locations`. The longest path wins.",
        examples: [{ "/": { passthru: "/index.php" }, "/uploads": { scripts: false } }],
      }),
    rewrites: z
      .array(rewrite)
      .max(200)
      .default([])
      .meta({ description: "Rewrite rules, in order, for applications that need more than a front controller." }),
    deny: z
      .array(
        z
          .string()
          .max(256)
          .regex(/^[A-Za-z0-9/._~*-]+$/, "must be a path or a pattern with `*`, such as `/config` or `*.sql`"),
      )
      .default([])
      .meta({
        description:
          "Paths (`/config`) and name patterns (`*.sql`) that are never served, beyond Howdah's own list (dot files, backups, dumps, composer files).",
      }),
    modules: z
      .array(z.string().regex(/^[a-z][a-z0-9-]*$/))
      .default(["brotli"])
      .meta({ description: "Dynamic nginx modules.", examples: [["brotli", "lua", "modsecurity"]] }),
    healthPath: urlPath.default("/").meta({
      description: "Asked after each start: the site is healthy when it answers with a status below 400.",
      examples: ["/wp-login.php"],
    }),
    maxBodySize: size.default("64Mi").meta({
      description:
        "Largest request body, so largest upload. PHP's upload_max_filesize and post_max_size follow it unless `runtime.ini` sets them.",
    }),
    microcache: z
      .union([
        z.boolean(),
        z.strictObject({
          bypass: z
            .array(
              z
                .string()
                .max(256)
                .regex(/^[A-Za-z0-9/._~?&=*-]+$/, "must be a URL path or query, such as `/cart` or `?preview=`, perhaps with `*`"),
            )
            .default([])
            .meta({ description: "Paths and queries that always reach PHP." }),
        }),
      ])
      .default(true)
      .meta({
        description:
          "Keep anonymous answers for one second: about a thousand times the requests. Requests with any cookie that is not known analytics, with Authorization, or other than GET and HEAD always reach PHP. `bypass` lists paths that do, too.",
      }),
  })
  .meta({ description: "What nginx serves and how." });
