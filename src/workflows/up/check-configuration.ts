import { HowdahError } from "../../kernel/howdah-error.ts";
import { renderFiles } from "../../render/site/render-files.ts";
import type { RenderInput } from "../../render/site/render-input.ts";
import type { Site } from "../../site/site.ts";
import type { Ports } from "../ports.ts";

function under(directory: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${directory}/${name}`, text]));
}

/** The servers themselves judge the rendered configuration, in the images that would serve it; nothing is replaced by one they refuse (R-A6). */
export async function checkConfiguration(site: Site, input: RenderInput, ports: Ports, signal: AbortSignal): Promise<void> {
  const files = renderFiles(site, input);
  const checks = [
    {
      name: "nginx",
      image: input.images.web,
      argv: ["/usr/sbin/nginx", "-t", "-q", "-c", "/etc/howdah/nginx/nginx.conf"],
      files: under("/etc/howdah/nginx", files.nginx),
      skip: site.tls.mode === "secret",
    },
    ...(files.php === null || input.images.php === null
      ? []
      : [
          {
            name: "PHP-FPM",
            image: input.images.php,
            argv: ["/usr/sbin/php-fpm", "-t", "-y", "/etc/howdah/php-fpm.conf", "-c", "/etc/howdah/php.ini"],
            files: under("/etc/howdah", files.php),
            skip: false,
          },
        ]),
  ];
  for (const check of checks.filter(({ skip }) => !skip)) {
    const { code, output } = await ports.configCheck.run(check, signal);
    if (code !== 0) throw new HowdahError("config/rejected", `${check.name} refuses the configuration of ${site.name}`, { output });
  }
}
