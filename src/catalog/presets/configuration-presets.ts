import { mediawiki } from "./mediawiki.ts";
import { wordpress } from "./wordpress.ts";

/** Configuration files that read the environment, by the name that a site file gives them (`configuration: {"wp-config.php": {preset: wordpress}}`). */
export const configurationPresets: Readonly<Record<string, { readonly title: string; readonly content: string }>> = {
  mediawiki: { title: "LocalSettings.php of MediaWiki", content: mediawiki },
  wordpress: { title: "wp-config.php of WordPress", content: wordpress },
};
