import { expect, it } from "vitest";
import { readComposer } from "../composer-facts.ts";
import { literalTree } from "../literal-tree.ts";
import { readServerHints } from "../server-hints.ts";
import { surveyTree } from "../survey.ts";
import { chooseWebRoot } from "./choose-web-root.ts";

const app = "<?php\nrequire __DIR__ . '/lib/app.php';\n$app->run(); echo page($app);\n";
const up = "<?php\nrequire __DIR__ . '/../vendor/autoload.php';\n$app->run(); echo page($app);\n";

it.each<{ name: string; files: Record<string, string | null>; root: string }>([
  { name: "the top, where index.php lies", files: { "index.php": app, "admin/index.php": app, "install/index.php": app }, root: "." },
  { name: "public/ with a front controller", files: { "public/index.php": up, "src/A.php": "<?php" }, root: "public" },
  {
    name: "public/ although the top has scripts",
    files: { "public/index.php": up, "server.php": "<?php", "worker.php": "<?php f();" },
    root: "public",
  },
  {
    name: "public_html/ although the top has an index too",
    files: { "index.php": app, "public_html/index.php": up, "public_html/css/a.css": "" },
    root: "public_html",
  },
  {
    name: "what composer's drupal-scaffold says, though it is not there yet",
    files: { "composer.json": '{"extra":{"drupal-scaffold":{"locations":{"web-root":"docroot/"}}}}', "a.php": "<?php" },
    root: "docroot",
  },
  {
    name: "what composer's symfony-web-dir says",
    files: { "composer.json": '{"extra":{"symfony-web-dir":"./web"}}', "web/app.php": up, "a.php": "<?php" },
    root: "web",
  },
  {
    name: "what nginx's configuration says",
    files: { "nginx.conf": "server {\n  root /var/www/site/share;\n}", "share/index.php": app, "other/index.php": app },
    root: "share",
  },
  {
    name: "what Apache's alias says",
    files: { "conf/apache.conf": "Alias /x /usr/share/x/site\n", "site/index.php": app, "site2/index.php": app },
    root: "site",
  },
  {
    name: "what DDEV says",
    files: { ".ddev/config.yaml": "docroot: p\n", "p/index.php": app, "index.php": app, "q/index.php": app },
    root: "p",
  },
  { name: "not a directory with a stub", files: { "index.php": "<?php // Silence is golden.\n", "www/index.php": app }, root: "www" },
  {
    name: "not a directory that .htaccess closes",
    files: { "pub/index.php": app, "pub/.htaccess": "Require all denied\n", "htdocs/index.php": app },
    root: "htdocs",
  },
  {
    name: "not bundled documentation",
    files: { "apidoc/index.html": "<h1>All the words of a page that documents it</h1>", "api/index.php": app },
    root: "api",
  },
  {
    name: "the top with a redirect page",
    files: {
      "index.html": '<meta http-equiv="refresh" content="0; URL=templates/login.php">',
      "templates/login.php": app,
      "templates/config/index.php": up,
    },
    root: ".",
  },
  { name: "the top with one script of another name", files: { "tool.php": app, "tool/index.php": app }, root: "." },
  { name: "the directory of the only page", files: { "a/b/page.html": "x" }, root: "a/b" },
  { name: "the top when there is nothing", files: { "readme.txt": "x" }, root: "." },
])("takes $name", ({ files, root }) => {
  const survey = surveyTree(literalTree(files));
  const found = chooseWebRoot(survey, readComposer(survey), readServerHints(survey));
  expect(found.value).toBe(root);
  expect(found.evidence.length).toBeGreaterThan(0);
});

it("says when it is unsure", () => {
  const survey = surveyTree(literalTree({ "site/index.php": app, "html/index.php": app }));
  const found = chooseWebRoot(survey, readComposer(survey), []);
  expect(found.diagnostics.map((each) => each.code)).toEqual(["detect/web-root-unsure"]);
});
