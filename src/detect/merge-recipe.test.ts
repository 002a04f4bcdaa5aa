import { expect, it } from "vitest";
import { mergeRecipe } from "./merge-recipe.ts";

it("keeps what the tree shows of PHP and joins extensions and packages", () => {
  const merged = mergeRecipe(
    { runtime: { php: "8.2", extensions: ["gd"], packages: ["diffutils"], flavour: "shell" }, web: { root: "public" } },
    {
      runtime: { php: "8.4", extensions: ["mysqli", "gd"], packages: ["imagemagick"], ini: { short_open_tag: true } },
      web: { healthPath: "/up" },
    },
  );
  expect(merged.runtime).toEqual({
    php: "8.2",
    extensions: ["gd", "mysqli"],
    packages: ["diffutils", "imagemagick"],
    flavour: "shell",
    ini: { short_open_tag: true },
  });
  expect(merged.web).toEqual({ root: "public", healthPath: "/up" });
});

it("lets guessed mounts give way to the recipe's", () => {
  const merged = mergeRecipe(
    { mounts: { "wp-content": {}, logs: { storage: "local" } } },
    { mounts: { "wp-content/uploads": { size: "5Gi" } } },
  );
  expect(merged.mounts).toEqual({ logs: { storage: "local" }, "wp-content/uploads": { size: "5Gi" } });
});

it("lets the recipe's hooks and lists win", () => {
  const merged = mergeRecipe(
    { hooks: { install: "a", build: "b" }, web: { deny: ["/x"] } },
    { hooks: { install: "c" }, web: { deny: ["/y"] } },
  );
  expect(merged.hooks).toEqual({ install: "c", build: "b" });
  expect(merged.web).toEqual({ deny: ["/y"] });
});

it("drops packages that a slim recipe has no use for", () => {
  const merged = mergeRecipe(
    { runtime: { php: "8.2", packages: ["diffutils"], flavour: "shell" } },
    { runtime: { php: "8.2", flavour: "slim" } },
  );
  expect(merged.runtime).toEqual({ php: "8.2", extensions: [], flavour: "slim" });
});

it("changes nothing without a recipe", () => {
  expect(mergeRecipe({ web: { root: "a" } }, undefined)).toEqual({ web: { root: "a" } });
});
