import { phpmyadmin, phpmyadminVendorConfig, roundcube } from "./database-tools.ts";
import { dokuwikiPreload } from "./dokuwiki.ts";
import { mediawiki } from "./mediawiki.ts";
import { drupal, studip, ttRss, typecho } from "./other-applications.ts";
import { wordpress } from "./wordpress.ts";

/** Configuration files that read the environment, by the name that a site file gives them (`configuration: {"wp-config.php": {preset: wordpress}}`). */
export const configurationPresets: Readonly<Record<string, { readonly title: string; readonly content: string }>> = {
  "dokuwiki-preload": { title: "inc/preload.php of DokuWiki", content: dokuwikiPreload },
  drupal: { title: "sites/default/settings.php of Drupal", content: drupal },
  mediawiki: { title: "LocalSettings.php of MediaWiki", content: mediawiki },
  phpmyadmin: { title: "config.inc.php of phpMyAdmin", content: phpmyadmin },
  "phpmyadmin-vendor-config": { title: "libraries/vendor_config.php of phpMyAdmin", content: phpmyadminVendorConfig },
  roundcube: { title: "config/config.inc.php of Roundcube", content: roundcube },
  studip: { title: "config/config_local.inc.php of Stud.IP", content: studip },
  "tt-rss": { title: "config.php of Tiny Tiny RSS", content: ttRss },
  typecho: { title: "config.inc.php of Typecho", content: typecho },
  wordpress: { title: "wp-config.php of WordPress", content: wordpress },
};
