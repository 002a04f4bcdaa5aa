import { randomFrom } from "./seeded-random.ts";

/** A generated file that no site file may be, and why. */
export interface HostileFile {
  readonly kind: string;
  readonly bytes: Uint8Array;
}

type Random = () => number;

const between = (random: Random, from: number, to: number): number => from + Math.floor(random() * (to - from + 1));
const pick = <Item>(random: Random, items: readonly [Item, ...Item[]]): Item => items[Math.floor(random() * items.length)] ?? items[0];

const head = "apiVersion: howdah.dev/v1alpha1\nkind: Site\nmetadata: {name: x}\nspec:\n";

function aliasBomb(random: Random): string {
  const levels = between(random, 2, 30);
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"];
  for (let level = 1; level < levels; level++)
    lines.push(
      `a${level}: &a${level} [${Array(9)
        .fill(`*a${level - 1}`)
        .join(", ")}]`,
    );
  return lines.join("\n");
}

function deepBlock(random: Random): string {
  const depth = between(random, 40, 600);
  const scalars = random() < 0.5;
  return Array.from(
    { length: depth },
    (_, level) => `${" ".repeat(level)}${scalars && level > 0 ? `t: |\n${" ".repeat(level)} x\n${" ".repeat(level)}` : ""}k:`,
  ).join("\n");
}

/** Kinds of hostile files: small (below 64 kB) unless a kind says otherwise. */
const kinds: Readonly<Record<string, (random: Random) => string | Uint8Array>> = {
  "alias bomb": aliasBomb,
  "deep flow list": (random) => `a: ${"[".repeat(between(random, 65, 30_000))}`,
  "deep closed flow list": (random) => {
    const depth = between(random, 65, 20_000);
    return `a: ${"[".repeat(depth)}${"]".repeat(depth)}`;
  },
  "deep flow map": (random) => `a: ${"{a: ".repeat(between(random, 65, 12_000))}`,
  "deep flow over lines": (random) => `a:\n ${"[\n ".repeat(between(random, 65, 12_000))}`,
  "deep compact lists": (random) => `a:\n${"- ".repeat(between(random, 65, 30_000))}x`,
  "deep after a quoted text": (random) => `${" ".repeat(between(random, 100, 4000))}"a\nb": ${"- ".repeat(between(random, 65, 2000))}x`,
  "deep explicit keys": (random) => "? ".repeat(between(random, 65, 20_000)),
  "deep block": deepBlock,
  "moderately deep": (random) => {
    const depth = between(random, 33, 60);
    return `${head}  x: ${"[".repeat(depth)}1${"]".repeat(depth)}`;
  },
  "big scalar": (random) => `${head}  recipe: ${"x".repeat(between(random, 5000, 50_000))}`,
  "big quoted scalar": (random) => `${head}  recipe: "${"x\\n".repeat(between(random, 3000, 15_000))}"`,
  "duplicate keys": (random) => `${head}${"  code: sealed\n".repeat(between(random, 2, 300))}`,
  "prototype keys": (random) =>
    `${head}  ${pick(random, ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"])}: {polluted: true}\n`,
  "prototype in a record": (random) =>
    `${head}  ${pick(random, ["variables", "crons", "mounts", "workers"])}: {__proto__: {polluted: yes}}\n`,
  "NUL and friends": (random) =>
    `${head}  recipe: "a${String.fromCharCode(pick(random, [0, 1, 7, 8, 27, 127, 133 + 10, 0x202e, 0x2066]))}b"\n`,
  "invalid UTF-8": (random) => {
    const bytes = new TextEncoder().encode(`${head}  recipe: ${"x".repeat(between(random, 10, 500))}\n`);
    bytes[between(random, head.length + 12, bytes.length - 2)] = pick(random, [0xff, 0xc0, 0x80, 0xf8, 0xed]);
    return bytes;
  },
  tags: (random) =>
    `${head}  recipe: ${pick(random, ["!!js/function 'x'", "!!python/object/apply:os.system [id]", "!x y", "!!binary aGk=", "!<tag:x> y"])}\n`,
  "merge keys": () => `${head}  <<: {code: sealed}\n`,
  directives: (random) => `${pick(random, ["%YAML 1.1", "%TAG ! tag:x,2000:", "%FOO bar"])}\n---\n${head}`,
  "many keys": (random) => Array.from({ length: between(random, 2000, 6000) }, (_, index) => `k${index}: 1`).join("\n"),
  "many list items": (random) => `${head}  hostnames: [${"a,".repeat(between(random, 2000, 25_000))}]`,
  "huge numbers": (random) =>
    `${head}  scale: {replicas: ${pick(random, ["1e999", "-1e999", "9".repeat(400), "0x" + "f".repeat(300), ".inf", ".nan", "1e308"])}}\n`,
  "many documents": (random) => "---\na: 1\n".repeat(between(random, 2, 3000)),
  "many errors": (random) => "a b: c: d\n".repeat(between(random, 2, 3000)),
  "unclosed quote": (random) => `${head}  recipe: ${pick(random, ['"', "'"])}${"x\n ".repeat(between(random, 1, 3000))}`,
  "stray brackets": (random) => `${pick(random, ["]", "}", "a: }", ",", "[}"])}\n`.repeat(between(random, 1, 3000)),
  "complex keys": (random) => "? [a, b]\n: c\n".repeat(between(random, 1, 1000)),
  "wrong types": (random) =>
    `${head}  ${pick(random, ["web", "runtime", "hooks", "scale", "mounts"])}: ${pick(random, ["[]", "1", "text", "null", "true", "[[[]]]"])}\n`,
  empty: (random) => pick(random, ["", "\n", "# nothing\n", "null\n", "--- \n", "[]", "text", "\ufeff"]),
  noise: (random) => {
    const characters = "ab:-?[]{}#&*!|>'\"%@`, \n\n  ~<\\/0";
    return Array.from({ length: between(random, 1, 3000) }, () => characters[between(random, 0, characters.length - 1)]).join("");
  },
};

/** Kinds above 64 kB, up to the limit and beyond: these are parsed in a worker. */
const large: Readonly<Record<string, (random: Random) => string>> = {
  "too large": (random) => `a: ${"x".repeat(between(random, 262_145, 400_000))}`,
  "large flow": () => `a: ${"[".repeat(200_000)}`,
  "large many keys": () => Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`).join("\n"),
  "large comments": () => `${head}${"#\n".repeat(100_000)}`,
  "large errors": () => "a b: c: d\n".repeat(20_000),
  "large scalar": () => `${head}  recipe: ${"x".repeat(200_000)}`,
};

/** The `index`th hostile file: the same in every run. One in `largeEvery` is above 64 kB. */
export function hostileFile(index: number, largeEvery: number): HostileFile {
  const random = randomFrom(index + 1);
  const table: Readonly<Record<string, (random: Random) => string | Uint8Array>> = index % largeEvery === largeEvery - 1 ? large : kinds;
  const names = Object.keys(table);
  const kind = names[(index % largeEvery === largeEvery - 1 ? Math.floor(index / largeEvery) : index) % names.length] ?? "empty";
  const content = table[kind]?.(random) ?? "";
  return { kind, bytes: typeof content === "string" ? new TextEncoder().encode(content) : content };
}
