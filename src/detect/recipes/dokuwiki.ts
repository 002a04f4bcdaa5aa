import type { Recipe } from "../recipe.ts";
import type { Tree } from "../tree.ts";
import { adminVariables, hasAll, hasFile } from "./tree-facts.ts";

/** Debian's DokuWiki has its libraries in /usr/share/php, by package. */
const libraries: readonly (readonly [string, string])[] = [
  ["/usr/share/php/phpseclib3", "php-phpseclib3"],
  ["/usr/share/php/phpseclib/", "php-phpseclib"],
  ["/usr/share/php/simplepie", "libphp-simplepie"],
  ["/usr/share/php/IXR", "php-kissifrot-php-ixr"],
  ["/usr/share/php/ParagonIE", "php-constant-time"],
  ["/usr/share/php-geshi", "php-geshi"],
];

/** DokuWiki: all its state is files below data/ and conf/. */
export const dokuwikiRecipe: Recipe = {
  id: "dokuwiki",
  name: "DokuWiki",
  recognize(tree) {
    if (!hasAll(tree, ["doku.php", "inc/init.php", "lib/exe"])) return undefined;
    const version = tree.read("VERSION")?.trim().split(/\s/)[0];
    return { because: "it has doku.php and inc/init.php", file: "doku.php", ...(version !== undefined && version !== "" && { version }) };
  },
  spec({ tree }) {
    const packages = debianLibraries(tree);
    return {
      recipe: "dokuwiki",
      runtime: {
        php: "8.2",
        extensions: ["dom", "gd", "intl", "mbstring", "xml"],
        ...(packages.length > 0 ? { packages } : { flavour: "slim" }),
      },
      web: {
        root: ".",
        index: ["index.php", "doku.php"],
        healthPath: "/doku.php",
        deny: ["/conf", "/bin", "/inc", "/vendor", "/data", "/install.php"],
        rewrites: [
          { from: "^/_media/(.*)$", to: "/lib/exe/fetch.php?media=$1" },
          { from: "^/_detail/(.*)$", to: "/lib/exe/detail.php?media=$1" },
          { from: "^/_export/([^/]+)/(.*)$", to: "/doku.php?do=export_$1&id=$2" },
        ],
        locations: { "/": { passthru: "/doku.php", query: "id" } },
      },
      mounts: {
        data: { storage: "shared", size: "5Gi", served: false },
        conf: { storage: "shared", size: "1Gi", served: false },
      },
      ...(hasFile(tree, "inc/preload.php") &&
        (tree.read("inc/preload.php") ?? "").includes("/etc/dokuwiki") && {
          configuration: { "inc/preload.php": { preset: "dokuwiki-preload", replace: true } },
        }),
      variables: adminVariables("DokuWiki"),
      hooks: {
        install: [["php", "/usr/lib/howdah/recipes/dokuwiki.php", "install"]],
        migrate: { run: [["php", "/usr/lib/howdah/recipes/dokuwiki.php", "migrate"]], watch: ["VERSION", "conf/*"], repeatable: true },
      },
    };
  },
  phpRange(version) {
    if (version === undefined || !/^\d{4}-/.test(version)) return undefined;
    if (version < "2020-07") return { max: "7.4", because: `DokuWiki ${version} came before PHP 8` };
    if (version < "2024-02") return { min: "7.2", max: "8.2", because: `DokuWiki ${version} came before PHP 8.4` };
    return { min: "7.4", because: `DokuWiki ${version} asks for PHP 7.4 or later` };
  },
};

function debianLibraries(tree: Tree): string[] {
  const files = [
    "vendor/composer/autoload_real.php",
    "vendor/composer/autoload_files.php",
    "vendor/composer/autoload_static.php",
    "inc/load.php",
  ];
  const text = files.map((path) => tree.read(path) ?? "").join("\n");
  return libraries.filter(([path]) => text.includes(path)).map(([, name]) => name);
}
