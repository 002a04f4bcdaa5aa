import type { Recipe } from "../recipe.ts";
import { firstMatch, hasAll, hasPath } from "./tree-facts.ts";

/** What Debian's package takes from /usr/share/php. */
const debianPackages = [
  "php-auth-sasl",
  "php-guzzlehttp-guzzle",
  "php-mail-mime",
  "php-masterminds-html5",
  "php-net-sieve",
  "php-net-smtp",
  "php-pear",
];

/** Roundcube: a mail client; the mail server is the site's relationship `imap` or the variable ROUNDCUBE_IMAP_HOST. */
export const roundcubeRecipe: Recipe = {
  id: "roundcube",
  name: "Roundcube",
  recognize(tree) {
    if (!hasAll(tree, ["program/include/iniset.php", "SQL/mysql.initial.sql"])) return undefined;
    const version = firstMatch(tree, "program/include/iniset.php", /define\('RCMAIL_VERSION',\s*'([^']+)'/);
    return {
      because: "it has program/include/iniset.php and SQL/mysql.initial.sql",
      file: "program/include/iniset.php",
      ...(version !== undefined && { version }),
    };
  },
  spec({ tree }) {
    const debian = (tree.read("program/include/iniset.php") ?? "").includes("/var/lib/roundcube");
    const root = hasPath(tree, "public_html/index.php") ? "public_html" : ".";
    return {
      recipe: "roundcube",
      runtime: {
        php: "8.2",
        extensions: ["pdo_mysql", "intl", "mbstring", "xml", "dom", "openssl", "gd", "zip"],
        ...(debian ? { packages: debianPackages } : { flavour: "slim" }),
      },
      database: {},
      web: {
        root,
        healthPath: "/",
        deny: ["/config", "/temp", "/logs", "/SQL", "/bin", "/vendor", "/installer", "/program/include", "/program/lib"],
      },
      mounts: { temp: { storage: "local", size: "1Gi", served: false }, logs: { storage: "local", size: "1Gi", served: false } },
      configuration: { "config/config.inc.php": { preset: "roundcube" } },
      variables: {
        ROUNDCUBE_DES_KEY: { generate: { bytes: 24 } },
        ROUNDCUBE_IMAP_HOST: "localhost:143",
        ROUNDCUBE_SMTP_HOST: "localhost:587",
      },
      hooks: {
        install: [{ sql: "SQL/mysql.initial.sql" }],
        ...(hasPath(tree, "bin/updatedb.sh") && {
          migrate: { run: [["php", "bin/updatedb.sh", "--package=roundcube", "--dir=SQL"]], watch: ["SQL"] },
        }),
      },
      ...(hasPath(tree, "bin/cleandb.sh") && { crons: { clean: { schedule: "H 5 * * *", command: ["php", "bin/cleandb.sh"] } } }),
    };
  },
};
