import { expect, it } from "vitest";
import { readComposer } from "../composer-facts.ts";
import { type LiteralEntry, literalTree } from "../literal-tree.ts";
import { readServerHints } from "../server-hints.ts";
import { surveyTree } from "../survey.ts";
import { chooseMounts } from "./choose-mounts.ts";

function mounts(files: Record<string, LiteralEntry>, webRoot = "."): string {
  const survey = surveyTree(literalTree(files));
  const found = chooseMounts(survey, readComposer(survey), readServerHints(survey), webRoot);
  return Object.entries(found.value)
    .map(([path, mount]) => `${path} ${mount.storage}${mount.served === false ? " hidden" : ""}`)
    .join(", ");
}

it.each<{ name: string; files: Record<string, LiteralEntry>; webRoot?: string; expected: string }>([
  { name: "a directory that git keeps empty", files: { "userfiles/.gitignore": "*\n!.gitignore\n" }, expected: "userfiles shared" },
  {
    name: "not what git ignores because a build makes it",
    files: { ".gitignore": "/vendor/\n/node_modules\n/public/build/\n/dist\n", "public/build/a.js": "" },
    webRoot: "public",
    expected: "",
  },
  {
    name: "what git ignores with a name for data",
    files: { ".gitignore": "/storage/\n*.log\n.env\n/public/hot\n" },
    expected: "storage shared hidden",
  },
  {
    name: "what git ignores below a directory that is there",
    files: { ".gitignore": "/public/fileadmin/\n/public/_assets/\n", "public/robots.txt": "" },
    webRoot: "public",
    expected: "public/fileadmin shared",
  },
  {
    name: "what a star in .gitignore stands for",
    files: { ".gitignore": "/web/sites/*/files/\n", "web/sites/default/x.txt": "" },
    webRoot: "web",
    expected: "web/sites/default/files shared",
  },
  {
    name: "one directory for all its writable children",
    files: {
      "storage/app/.gitignore": "*\n!.gitignore",
      "storage/logs/.gitignore": "*\n!.gitignore",
      "storage/framework/views/.gitignore": "*\n!.gitignore",
      "public/index.php": "<?php",
    },
    webRoot: "public",
    expected: "storage shared",
  },
  {
    name: "a link to /var/lib and one to /var/cache",
    files: {
      pics: { kind: "directory", target: "/var/lib/x/pics", leaves: true },
      var: { kind: "directory", target: "/var/cache/x", leaves: true },
      logs: { kind: "symlink", target: "../../log/x", leaves: true },
      conf: { kind: "directory", target: "/etc/x", leaves: true },
    },
    expected: "logs local hidden, pics shared, var local hidden",
  },
  {
    name: "no link to code",
    files: {
      plugins: { kind: "directory", target: "/var/lib/x/plugins", leaves: true },
      "LocalSettings.php": { kind: "symlink", target: "/var/lib/x/LocalSettings.php", leaves: true },
    },
    expected: "",
  },
  {
    name: "volumes and owners in a Dockerfile",
    files: {
      Dockerfile: "VOLUME /var/www/html/data\nRUN chown -R www-data:www-data /var/www/html/pictures \\\n  /var/www/html\n",
      "data/x.txt": "",
      "pictures/x.txt": "",
      "index.php": "<?php",
    },
    expected: "data shared hidden, pictures shared",
  },
  {
    name: "what belongs to the web server",
    files: { stuff: { kind: "directory", owner: "www-data" }, a: null, b: null, c: null },
    expected: "stuff shared",
  },
  {
    name: "what everybody may write to",
    files: { stuff: { kind: "directory", mode: 0o777 }, a: null, b: null, c: null },
    expected: "stuff shared",
  },
  {
    name: "nothing when the whole tree may be written to",
    files: { a: { kind: "directory", mode: 0o777 }, b: { kind: "directory", mode: 0o777 }, c: { kind: "directory", mode: 0o777 } },
    expected: "",
  },
  {
    name: "what the installer checks",
    files: {
      "install.php": "<?php is_writable('data/'); is_writable('inc');",
      "data/x.txt": "",
      "inc/a.php": `<?php ${"f();".repeat(200)}`,
    },
    expected: "data shared hidden",
  },
  {
    name: "where code moves uploads",
    files: { "a.php": "<?php move_uploaded_file($t, __DIR__ . '/photos/' . $n); mkdir('photos/x');", "photos/.htaccess": "Deny from all" },
    expected: "photos shared hidden",
  },
  {
    name: "empty directories with a name for it",
    files: { cache: null, "templates_c/.gitkeep": "", "data/index.html": "" },
    expected: "cache local, data shared hidden, templates_c local hidden",
  },
  {
    name: "a directory that the code names more than once, though it is not there",
    files: { "a.php": "<?php $d = 'content/uploads';", "b.php": "<?php $e = '/content/uploads/';", "content/x.txt": "" },
    expected: "content/uploads shared",
  },
  { name: "a directory that a setting names", files: { "config.php": "<?php $cfg['TempDir'] = './tmp/';" }, expected: "tmp local hidden" },
  {
    name: "what composer's framework writes to",
    files: { "composer.json": '{"require":{"symfony/framework-bundle":"^7"}}' },
    webRoot: "public",
    expected: "var shared",
  },
  {
    name: "nothing of vendor and tests",
    files: {
      "vendor/composer/installed.json": "{}",
      "vendor/x/cache": null,
      "tests/tmp": null,
      "vendor/x/logs/.gitignore": "*\n!.gitignore",
    },
    expected: "",
  },
  {
    name: "nothing that holds the web root",
    files: { "data/public/index.php": "<?php", ".gitignore": "/data/\n" },
    webRoot: "data/public",
    expected: "",
  },
])("$name", ({ files, webRoot, expected }) => {
  expect(mounts(files, webRoot)).toBe(expected);
});

it("takes a data directory with all that is in it when parts of it are written", () => {
  const files = { "data/.htaccess": "Require all denied", "data/pages/a.txt": "", "data/cache": null, "data/tmp": null };
  expect(mounts(files)).toBe("data shared hidden");
});
