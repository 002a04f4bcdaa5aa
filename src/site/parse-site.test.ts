import { describe, expect, it } from "vitest";
import { hostileFile } from "../../test/support/hostile-site-files.ts";
import { parseSite, refusedUnparsed } from "./parse-site.ts";
import type { PositionedDiagnostic } from "./reading/positions.ts";

const head = "apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: {name: blog}\n";

/** `line:column+length code message | hint` of each finding. */
function found(text: string): string[] {
  return parseSite(text).diagnostics.map(line);
}

function line({ position, code, message, hint }: PositionedDiagnostic): string {
  const place = position === undefined ? "?" : `${position.line}:${position.column}+${position.length}`;
  return `${place} ${code} ${message}${hint === undefined ? "" : ` | ${hint}`}`;
}

describe("parseSite", () => {
  it("takes a file of eight lines", () => {
    const text =
      'apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata:\n  name: blog\nspec:\n  runtime:\n    php: "8.4"\n    extensions: [gd]\n';
    const { site, document, diagnostics } = parseSite(text);
    expect(diagnostics).toEqual([]);
    expect(site?.spec.runtime?.memoryLimit).toBe("256M");
    expect(document?.spec?.runtime).toEqual({ php: "8.4", extensions: ["gd"] });
  });

  it("takes a byte order mark and Windows line ends", () => {
    expect(parseSite(`\ufeff${head.replaceAll("\n", "\r\n")}`).site?.metadata.name).toBe("blog");
  });

  it.each<{ name: string; spec: string; says: string[] }>([
    {
      name: "a number where a version belongs",
      spec: "runtime: {php: 8.10}",
      says: [
        '5:18+4 site/invalid-type `spec.runtime.php`: expected a text, found the number 8.1 | Quote it: `php: "8.10"`. Without quotes 8.10 would be read as 8.1.',
      ],
    },
    {
      name: "a text where a list belongs",
      spec: 'runtime: {php: "8.4", extensions: gd}',
      says: [
        "5:37+2 site/invalid-type `spec.runtime.extensions`: expected a list, found the text `gd` | Write a list: `extensions: [gd]`.",
      ],
    },
    {
      name: "a quoted number",
      spec: 'scale: {replicas: "2"}',
      says: ["5:21+3 site/invalid-type `spec.scale.replicas`: expected a number, found the text `2` | Remove the quotes."],
    },
    {
      name: "half a replica",
      spec: "scale: {replicas: 1.5}",
      says: ["5:21+3 site/invalid-type `spec.scale.replicas`: expected a whole number, found the number 1.5 | Write a whole number."],
    },
    {
      name: "no replica",
      spec: "scale: {replicas: 0}",
      says: ["5:21+1 site/invalid-value `spec.scale.replicas` must be at least 1, not the number 0"],
    },
    {
      name: "a number beyond all bounds",
      spec: "scale: {replicas: 1e999}",
      says: ["5:21+5 site/invalid-type `spec.scale.replicas`: expected a number, found a number that is too large"],
    },
    {
      name: "a text where true or false belongs",
      spec: "web: {microcache: yes}",
      says: [
        "5:21+3 site/invalid-type `spec.web.microcache`: expected true or false or a map of keys, found the text `yes` | Write true or false, without quotes.",
      ],
    },
    {
      name: "a key without value",
      spec: "scale:",
      says: ["5:3+5 site/invalid-type `spec.scale`: expected a map of keys, found nothing | Give it a value, or remove the line."],
    },
    {
      name: "a misspelt key",
      spec: "runtim: {}",
      says: ["5:3+6 site/unknown-key `runtim` is not known in `spec` | Did you mean `runtime`?"],
    },
    {
      name: "an unknown key among few",
      spec: "tls: {foo: 1}",
      says: ["5:9+3 site/unknown-key `foo` is not known in `spec.tls` | It may have: mode, secret."],
    },
    {
      name: "a misspelt choice",
      spec: "tls: {mode: loca}",
      says: [
        "5:15+4 site/invalid-value `spec.tls.mode` must be one of `off`, `local`, `secret`, not the text `loca` | Did you mean `local`?",
      ],
    },
    {
      name: "a number outside a list of choices",
      spec: "web: {locations: {/a: {redirect: {to: /, status: 300}}}}",
      says: [
        '5:52+3 site/invalid-value `spec.web.locations["/a"].redirect.status` must be one of `301`, `302`, `307`, `308`, not the number 300',
      ],
    },
    {
      name: "a missing field",
      spec: "crons: {a: {command: x}}",
      says: [
        "5:11+1 site/missing-field `spec.crons.a.schedule` is missing | Five fields: minute, hour, day, month, weekday; or `@daily`. `H` is a value that Howdah spreads.",
      ],
    },
    {
      name: "a size in another notation",
      spec: "mounts: {up: {size: 5G}}",
      says: ["5:23+2 site/invalid-value `spec.mounts.up.size` must be a size such as `512Mi` or `10Gi`, not the text `5G` | Write `5Gi`."],
    },
    {
      name: "a URL for a hostname",
      spec: 'hostnames: ["https://x.org"]',
      says: [
        "5:15+15 site/invalid-value `spec.hostnames[0]` must be a hostname such as `www.example.org`, in lower case (punycode for other scripts), not the text `https://x.org` | Write the hostname alone, without `https://` and path.",
      ],
    },
    {
      name: "an absolute web root",
      spec: "web: {root: /srv}",
      says: [
        "5:15+4 site/invalid-value `spec.web.root` must be a path below the site's directory, such as `wp-content/uploads`: relative, without `..`, quotes or shell characters, not the text `/srv` | It is relative to the site's directory: remove the leading `/`.",
      ],
    },
    {
      name: "a bad free key",
      spec: "mounts: {../x: {}}",
      says: [
        "5:12+4 site/invalid-key `../x` in `spec.mounts` must be a path below the site's directory, such as `wp-content/uploads`: relative, without `..`, quotes or shell characters",
      ],
    },
    {
      name: "a misspelt reference",
      spec: "variables: {A: {secrett: x}}",
      says: [
        "5:15+1 site/missing-field `spec.variables.A.secret` is missing | `NAME/KEY` of a secret that `howdah secret set` stored; `NAME` alone means its key `value`.",
        "5:19+7 site/unknown-key `secrett` is not known in `spec.variables.A` | Did you mean `secret`? It may have: secret, generate, database, site.",
      ],
    },
    {
      name: "a reference of an unknown form",
      spec: "variables: {A: {foo: x}}",
      says: [
        "5:15+1 site/invalid-value `spec.variables.A` has an unknown form: {foo} | As a map it may be {secret}, {generate}, {database}, {site}.",
      ],
    },
    {
      name: "a list for a variable",
      spec: "variables: {A: [1]}",
      says: ["5:15+1 site/invalid-type `spec.variables.A`: expected a text or a number or true or false or a map of keys, found a list"],
    },
    {
      name: "a wrong step among right ones",
      spec: "hooks: {install: [a b, 3]}",
      says: [
        '5:26+1 site/invalid-type `spec.hooks.install[1]`: expected a text or a list or a map of keys, found the number 3 | Put it in quotes: "3".',
      ],
    },
    {
      name: "an empty command",
      spec: 'hooks: {build: ""}',
      says: ["5:18+2 site/invalid-value `spec.hooks.build` must not be empty, not an empty text"],
    },
  ])("explains $name", ({ spec, says }) => {
    expect(found(`${head}spec:\n  ${spec}\n`)).toEqual(says);
  });

  it.each<{ key: string; where: string; hint: RegExp }>([
    { key: "docroot: public", where: "spec", hint: /spec\.web\.root/ },
    { key: "type: php:8.2", where: "spec.runtime", hint: /spec\.runtime\.php/ },
    { key: "post_deploy: x", where: "spec.hooks", hint: /postDeploy/ },
    { key: "build_step: x", where: "spec", hint: /spec\.hooks\.build/ },
    { key: "build: x", where: "spec", hint: /spec\.hooks\.build/ },
    { key: "disk: 512", where: "spec", hint: /spec\.mounts\.PATH\.size/ },
    { key: "source: local", where: "spec.mounts.a", hint: /storage: local/ },
    { key: "routes: {}", where: "spec", hint: /spec\.hostnames/ },
    { key: "password: x", where: "spec.database", hint: /DB_PASSWORD/ },
    { key: "commands: {start: x}", where: "spec.web", hint: /nginx and PHP-FPM are started/ },
    { key: "name: x", where: "spec", hint: /metadata\.name/ },
  ])("says where $key of other platforms belongs", ({ key, where, hint }) => {
    const parents = where.split(".");
    const text = `${head}${parents.map((parent, level) => `${"  ".repeat(level)}${parent}:\n`).join("")}${"  ".repeat(parents.length)}${key}\n`;
    expect(found(text).filter((finding) => finding.includes("site/unknown-key"))).toEqual([expect.stringMatching(hint)]);
  });

  it.each<{ name: string; text: string; says: RegExp }>([
    { name: "an empty file", text: "", says: /^\? site\/missing-field the file is empty \| Run `howdah init DIR`/ },
    { name: "a text", text: "hello", says: /^1:1\+5 site\/invalid-type the file: expected a map of keys, found the text `hello`/ },
    { name: "a tab", text: "a:\n\tb: 1", says: /^2:1\+\d+ site\/yaml a tab is used to indent/ },
    { name: "a second document", text: `${head}---\na: 1`, says: /^4:1\+3 site\/yaml the file holds more than one document/ },
    { name: "a quote that stays open", text: 'a: "b', says: /site\/yaml a quote, bracket or separator is missing/ },
    { name: "an at sign", text: "a: @daily", says: /^1:4\+\d+ site\/yaml a text starts with a character that YAML keeps for itself/ },
    { name: "two colons", text: "a: b: c", says: /site\/yaml a `: ` stands where the text has one already/ },
    {
      name: "a duplicate key",
      text: `${head}kind: Site`,
      says: /^4:1\+4 site\/duplicate-key `kind` is here a second time \| It is on line 2 already/,
    },
    { name: "a merge key", text: `${head}<<: {a: 1}`, says: /site\/merge-key/ },
    { name: "__proto__", text: `${head}__proto__: {a: 1}`, says: /^4:1\+9 site\/reserved-key/ },
    { name: "a list as key", text: `${head}? [a]\n: b`, says: /site\/yaml a list or map can't be a key/ },
    { name: "an alias", text: "a: *b", says: /^1:4\+2 site\/alias `\*b` is a YAML alias.* starts with `\*`, put it in quotes/ },
    { name: "an anchor", text: "a: &b c", says: /^1:4\+2 site\/anchor/ },
    { name: "a tag", text: "a: !!js/function x", says: /^1:4\+13 site\/tag/ },
    { name: "a directive", text: "%YAML 1.1\n---\na: 1", says: /^1:1\+9 site\/directive/ },
    {
      name: "a control character",
      text: 'a: "\u001b[31m"',
      says: /^1:5\+1 site\/control-character the file holds the invisible character U\+001B/,
    },
    { name: "a text that runs backwards", text: "a: \u202ex", says: /site\/control-character.*U\+202E/ },
    { name: "a NUL", text: "a: \0", says: /U\+0000/ },
    { name: "half a surrogate pair", text: "a: \ud800", says: /U\+D800/ },
    { name: "300 kB", text: "x".repeat(300_000), says: /^1:1\+1 site\/too-large the file is larger than 256 kB/ },
    { name: "30,000 keys", text: Array.from({ length: 30_000 }, (_, index) => `k${index}: 1`).join("\n"), says: /site\/too-large/ },
    { name: "100,000 levels", text: "[".repeat(100_000), says: /^1:65\+\d+ site\/too-deep the file is more than 32 levels deep/ },
    { name: "33 levels", text: `a: ${"[".repeat(33)}${"]".repeat(33)}`, says: /site\/too-deep/ },
    { name: "levels hidden behind a quoted text", text: `${" ".repeat(3000)}"a\nb": ${"- ".repeat(1000)}x`, says: /site\/too-deep/ },
    {
      name: "levels hidden behind block texts",
      text: Array.from({ length: 100 }, (_, n) => `${" ".repeat(n)}t: |\n${" ".repeat(n + 1)}x\n${" ".repeat(n)}k:`).join("\n"),
      says: /site\/too-deep/,
    },
  ])("refuses $name", ({ text, says }) => {
    expect(found(text)).toContainEqual(expect.stringMatching(says));
    expect(parseSite(text).site).toBeUndefined();
  });

  it("marks one place a line for a cron schedule without quotes, and goes on with the rest", () => {
    const text = `${head}spec:\n  crons:\n    a:\n      schedule: */5 * * * *\n      command: x\n  foo: 1\n`;
    expect(found(text).map((finding) => finding.split(" ").slice(0, 2).join(" "))).toEqual(["7:17+3 site/alias", "9:3+3 site/unknown-key"]);
  });

  it("keeps the right half of a wrong file for the rules", () => {
    const { site, salvaged } = parseSite(
      "kind: Sit\nspec:\n  runtime: {php: 8.4, fpm: {maxChildren: 0}}\n  crons: {a: {command: x}}\n  hostnames: [A B, a.org]\n  web: {root: public}\n",
    );
    expect(site).toBeUndefined();
    expect(salvaged?.spec.runtime?.php).toBe("8.4");
    expect(salvaged?.spec.web.root).toBe("public");
    expect(salvaged?.spec.crons).toEqual({});
  });

  it("never gives up a key's own name: numbers and booleans as keys stay what was written", () => {
    expect(parseSite(`${head}spec: {web: {locations: {/a: {headers: {on: x}}}}}`).document?.spec?.web?.locations).toEqual({
      "/a": { headers: { on: "x" } },
    });
    expect(found(`${head}spec: {8.10: x}`)[0]).toContain("`8.10` is not known");
  });

  it("stops counting at a hundred findings", () => {
    const many = Array.from({ length: 300 }, (_, index) => `  k${index}: 1`).join("\n");
    expect(parseSite(`${head}spec:\n${many}\n`).diagnostics).toHaveLength(100);
  });

  it("outlives what makes the YAML library abort the process: nested lists, again and again (M12)", () => {
    for (const depth of [1000, 1000, 1000, 10_000, 32, 1000]) {
      expect(parseSite(`a: ${"[".repeat(depth)}${"]".repeat(depth)}`).diagnostics.map(({ code }) => code)).toContain("site/too-deep");
    }
  });

  it.each<{ name: string; text: string; refused: boolean }>([
    { name: "100,000 comments", text: `${head}${"# x\n".repeat(60_000)}`, refused: true },
    { name: "20,000 keys", text: `${head}${"k: 1\n".repeat(20_000)}`, refused: true },
    { name: "200,000 brackets", text: "[".repeat(200_000), refused: true },
    { name: "one long text", text: `${head}spec: {recipe: ${"x".repeat(200_000)}}`, refused: false },
    { name: "an alias, which the parser may see", text: `${head}spec: *a\n`, refused: false },
    { name: "a good file", text: `${head}spec: {recipe: wordpress}`, refused: false },
  ])("says before parsing that it refuses $name: $refused", ({ text, refused }) => {
    expect(refusedUnparsed(text)).toEqual(refused ? parseSite(text) : undefined);
  });

  it("refuses an alias bomb by its aliases, without following one (M13)", () => {
    const bomb = Array.from(
      { length: 9 },
      (_, n) =>
        `a${n + 1}: &a${n + 1} [${Array(9)
          .fill(n === 0 ? "x" : `*a${n}`)
          .join(", ")}]`,
    ).join("\n");
    expect(parseSite(bomb).diagnostics.map(({ code }) => code)).toEqual(expect.arrayContaining(["site/alias", "site/anchor"]));
  });

  it("refuses 600 hostile files with a finding each, and touches no prototype (F1)", () => {
    const accepted: string[] = [];
    for (let index = 0; index < 600; index++) {
      const { kind, bytes } = hostileFile(index, 100);
      if (kind === "invalid UTF-8") continue; // the byte reader's business
      const { site, diagnostics } = parseSite(new TextDecoder().decode(bytes));
      if (site !== undefined || !diagnostics.some(({ severity }) => severity === "error")) accepted.push(`${index} ${kind}`);
    }
    expect(accepted).toEqual([]);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });
});
