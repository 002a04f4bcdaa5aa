import { describe, expect, it } from "vitest";
import { namesOf } from "./names.ts";

const version = "eeecc5f2c6ffe076aaaa";

describe("names of podman's secrets", () => {
  it.each([
    ["howdah", "wordpress", "generated", "HOWDAH_ADMIN_PASSWORD"],
    ["howdah", "a".repeat(63), "database", "password"],
    ["howdah", "blog", "tls", `${"x".repeat(200)}/y`],
  ])("fit into the 64 characters that podman allows: %s %s %s %s", (instance, namespace, secret, key) => {
    const names = namesOf(instance);
    const name = names.secret(namespace, secret, version, key);
    expect(name).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}[a-zA-Z0-9]$/);
    expect(name.startsWith(names.secretPrefix(namespace))).toBe(true);
  });

  it("say what they are where there is room", () => {
    expect(namesOf("howdah").secret("blog", "database", version, "password")).toBe("howdah.blog.database.eeecc5f2c6ffe076.password");
  });

  it("differ when anything differs", () => {
    const names = namesOf("howdah");
    const long = "a".repeat(62);
    const made = [
      names.secret(`${long}b`, "s", version, "K".repeat(50)),
      names.secret(`${long}c`, "s", version, "K".repeat(50)),
      names.secret(`${long}b`, "t", version, "K".repeat(50)),
      names.secret(`${long}b`, "s", `f${version}`, "K".repeat(50)),
      names.secret(`${long}b`, "s", version, "K".repeat(51)),
    ];
    expect(new Set(made).size).toBe(made.length);
  });

  it("give no namespace the prefix of another", () => {
    const names = namesOf("howdah");
    const long = `blog-${"a".repeat(50)}`;
    const other = names.secretPrefix(long).slice("howdah.".length, -1);
    expect(other).toMatch(/[A-Z]/);
    expect(names.secretPrefix(long).startsWith(names.secretPrefix("blog"))).toBe(false);
  });
});
