import * as z from "zod";

/**
 * Grammars of the words in a site file. They are narrow on purpose: a name that passes needs no escaping in DNS, labels,
 * SQL identifiers, file names and nginx (tests F2-F4 of the reliability list).
 */
const dnsLabel = /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/;

/** Site, worker and cron names: a DNS label of at most 40 characters, so that `<site>-<environment>-<component>` stays below 63. */
export const name = z
  .string()
  .regex(dnsLabel, "must be a DNS label: lower-case letters, digits and hyphens, starting with a letter, at most 40 characters");

/** A site's name, or that of one of its environments (`shop--review`), which is a site of its own. */
export const siteOrEnvironment = z
  .string()
  .regex(/^[a-z]([a-z0-9-]{0,52}[a-z0-9])?$/, "must be a site's name: lower-case letters, digits and hyphens, starting with a letter");

/** A hostname, optionally with a leading `*.`; lower case, punycode for other scripts. */
export const hostname = z
  .string()
  .max(253)
  .regex(
    /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    "must be a hostname such as `www.example.org`, in lower case (punycode for other scripts)",
  );

/** A path below the code root: relative, without `..`, empty segments, control characters, quotes, backslashes or spaces at its ends. */
export const relativePath = z
  .string()
  .min(1)
  .max(512)
  .regex(
    /^(\.|(?!\/)(?!.*(^|\/)\.{1,2}(\/|$))(?!.*\/\/)[^\u0000-\u001f\u007f"'\\$`;{}*?<>|\s](?:[^\u0000-\u001f\u007f"'\\$`;{}*?<>|]*[^\u0000-\u001f\u007f"'\\$`;{}*?<>|\s/])?)$/u,
    "must be a path below the site's directory, such as `wp-content/uploads`: relative, without `..`, quotes or shell characters",
  );

/** Files of the tree by pattern, in the notation of `.gitignore` without its exceptions: a name, a path, `*`, `?`, `**`. */
export const pathPattern = z
  .string()
  .max(256)
  .regex(
    /^(?!.*(^|\/)\.{1,2}(\/|$))(?!\/)[A-Za-z0-9._+@~()*?[\]\- /]+$/,
    "must be a path or pattern below the site's directory, such as `database/migrations` or `*.install`: relative, without `..`",
  );

/** A path in a URL: starts with `/`, no query, no characters that mean something to nginx. */
export const urlPath = z
  .string()
  .max(512)
  .regex(
    /^\/(?!.*(^|\/)\.{1,2}(\/|$))[A-Za-z0-9\-._~!&()+,=:@%/]*$/,
    "must be a URL path such as `/uploads`: it starts with `/` and holds no query, quotes or spaces",
  );

/** An environment variable's name. */
export const variableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "must be an environment variable's name: letters, digits and `_`, not starting with a digit");

/** A size in Kubernetes' binary notation. */
export const size = z.string().regex(/^[1-9][0-9]{0,6}(Ki|Mi|Gi|Ti)$/, "must be a size such as `512Mi` or `10Gi`");

/** A size in PHP's notation. */
export const phpSize = z.string().regex(/^[1-9][0-9]{0,6}[KMG]$/, "must be a size in PHP's notation, such as `256M`");

/** A span of time in seconds or minutes. */
export const duration = z.string().regex(/^[1-9][0-9]{0,5}(s|m|h)$/, "must be a duration such as `45s` or `2m`");

/** Any text on one line without control characters, safe as an environment value. */
export const oneLine = z
  .string()
  .max(4096)
  .regex(/^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$/u, "must be one line without control characters");

/** A label's key as Kubernetes has it: an optional DNS prefix and a name of at most 63 characters. */
export const labelKey = z
  .string()
  .regex(
    /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/,
    "must be a label's name such as `team` or `example.org/team`",
  );

/** A label's value as Kubernetes has it. */
export const labelValue = z
  .string()
  .regex(/^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/, "must be a label's value: at most 63 letters, digits, `-`, `_` and `.`");

/** A cron schedule: five fields, `H` as a stable per-site random value (as Lagoon and Jenkins write it). A rule reads what the fields say. */
export const schedule = z
  .string()
  .max(100)
  .regex(
    /^(@(hourly|daily|midnight|weekly|monthly|yearly|annually))$|^([0-9A-Za-z,\-/*()]+ ){4}[0-9A-Za-z,\-/*()]+$/,
    "must be a cron schedule of five fields such as `*/5 * * * *`, or `H` for a value that Howdah spreads",
  );

/** A time zone's name; a rule asks whether there is one. */
export const timeZone = z
  .string()
  .max(64)
  .regex(/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/, "must be a time zone's name such as `Europe/Berlin` or `UTC`");

/** Tabs and line breaks are text (a script for `sh -c`); nothing else that a terminal would act on. */
const noControl = /^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$/u;

/**
 * A command. An array is passed on as it is; a string is split into words as a shell would (quotes and backslash), but no shell runs:
 * variables, pipes, redirections and `&&` are refused with a hint.
 */
export const command = z.union([
  z.string().min(1).max(4096).regex(noControl, "must not hold control characters"),
  z.array(z.string().max(4096).regex(noControl, "must not hold control characters")).min(1).max(256),
]);
