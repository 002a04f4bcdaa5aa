import { HowdahError } from "../../kernel/howdah-error.ts";
import { digestOf } from "../../render/rendered.ts";
import { renderFiles } from "../../render/site/render-files.ts";
import type { RenderInput } from "../../render/site/render-input.ts";
import type { Site } from "../../site/site.ts";
import type { Ports } from "../ports.ts";

/** A configuration for a server to judge. */
export interface Judgement {
  readonly server: string;
  /** Equal for equal files in images on the same base: a server that took them once takes them again. */
  readonly digest: string;
  readonly image: string;
  readonly argv: readonly string[];
  /** Absolute path to text. */
  readonly files: Readonly<Record<string, string>>;
}

function under(directory: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${directory}/${name}`, text]));
}

/**
 * The configurations that a site's servers must take, in the images that would serve it. `bases` are what those images are made from:
 * the code above them plays no part in a judgement, and neither does what only the entrypoint reads.
 */
export function judgementsOf(
  site: Site,
  input: RenderInput,
  bases: { readonly web: string; readonly php: string | null },
): readonly Judgement[] {
  const files = renderFiles(site, input);
  const all = [
    ...(site.tls.mode === "secret" // its certificates are mounted from secrets, which no check sees
      ? []
      : [
          {
            server: "nginx",
            base: bases.web,
            image: input.images.web,
            argv: ["/usr/sbin/nginx", "-t", "-q", "-c", "/etc/howdah/nginx/nginx.conf"],
            files: under("/etc/howdah/nginx", files.nginx),
          },
        ]),
    ...(files.php === null || input.images.php === null
      ? []
      : [
          {
            server: "PHP-FPM",
            base: bases.php,
            image: input.images.php,
            argv: ["/usr/sbin/php-fpm", "-t", "-y", "/etc/howdah/php-fpm.conf", "-c", "/etc/howdah/php.ini"],
            files: under("/etc/howdah", Object.fromEntries(Object.entries(files.php).filter(([name]) => !name.endsWith(".json")))),
          },
        ]),
  ];
  return all.map(({ base, ...one }) => ({ ...one, digest: digestOf([base, one.argv, one.files]) }));
}

/** The servers themselves judge, side by side; nothing is replaced by a configuration that they refuse (R-A6). */
export async function checkConfiguration(site: Site, wanted: readonly Judgement[], ports: Ports, signal: AbortSignal): Promise<void> {
  const judged = await Promise.all(wanted.map(async (one) => ({ ...one, ...(await ports.configCheck.run(one, signal)) })));
  for (const { server, code, output } of judged) {
    if (code !== 0) throw new HowdahError("config/rejected", `${server} refuses the configuration of ${site.name}`, { output });
  }
}
