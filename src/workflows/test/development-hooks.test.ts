import { expect, it } from "vitest";
import { developmentHooks } from "./development-hooks.ts";

const hooks = (...argvs: string[][]) => developmentHooks(argvs.map((argv) => ({ argv })));

it.each([
  { given: ["composer", "install", "--no-dev", "-o"], runs: ["composer", "install", "-o"] },
  { given: ["php", "-d", "x=1", "bin/composer.phar", "install", "--no-dev"], runs: ["php", "-d", "x=1", "bin/composer.phar", "install"] },
  { given: ["php", "composer.phar", "install", "--no-dev"], runs: ["php", "composer.phar", "install"] },
  { given: ["npm", "ci", "--omit=dev"], runs: ["npm", "ci"] },
  { given: ["npm", "ci", "--no-dev"], runs: ["npm", "ci", "--no-dev"] },
  { given: ["php", "artisan", "x", "--no-dev"], runs: ["php", "artisan", "x", "--no-dev"] },
])("$given runs as $runs", ({ given, runs }) => {
  expect(hooks(given).hooks).toEqual([runs]);
});

it("takes nothing along from the folder that the hooks make", () => {
  expect(hooks(["composer", "install"], ["npm", "ci"]).made).toEqual(["/vendor/", "/node_modules/"]);
  expect(hooks(["sh", "-c", "composer install && npm run build"]).made).toEqual(["/vendor/"]);
  expect(hooks(["composer", "dump-autoload"], ["npm", "run", "build"]).made).toEqual([]);
});

it("names scripts whose words it does not touch", () => {
  expect(hooks(["sh", "-c", "composer install --no-dev"]).asTheyAre).toEqual(["sh -c composer install --no-dev"]);
  expect(hooks(["composer", "install", "--no-dev"]).asTheyAre).toEqual([]);
});
