import { expect, it } from "vitest";
import { nameFromDirectory } from "./locate-site.ts";

it.each([
  ["/srv/My Blog", "my-blog"],
  ["/srv/www.example.org", "www-example-org"],
  ["/srv/2024_shop", "shop"],
  ["/srv/Müller & Söhne", "muller-sohne"],
  ["/srv/___", "site"],
  ["/", "site"],
  ["/srv/howdah-demo", "site-howdah-demo"],
  [`/srv/${"a".repeat(60)}`, "a".repeat(40)],
])("names a site in %s %s", (directory, name) => {
  expect(nameFromDirectory(directory)).toBe(name);
});
