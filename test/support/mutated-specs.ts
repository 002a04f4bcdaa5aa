import { randomFrom } from "./seeded-random.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Place = readonly (string | number)[];
/** The part of JSON Schema that is looked at. */
export type Schema = { readonly properties?: Readonly<Record<string, Schema>>; readonly [key: string]: unknown };

/** One change to a good site file. */
export interface Mutation {
  readonly seed: number;
  /** `spec.scale.replicas: 1 -> -1`, for whoever reads a failure. */
  readonly what: string;
  readonly document: Json;
}

/** Values that a field may be given: least, most, nothing, another type, other scripts, too long, and such that mean something wrong. */
const values: readonly Json[] = [
  ...[0, -1, 1, 1.5, 1e9, 2 ** 53, -(2 ** 53), null, true, false, "", " ", "x", "-x", "x-", "X", "x".repeat(64), "x".repeat(254)],
  ...["x".repeat(100_000), "ünï", "\u202e", "😀", "\0", "a\nb", "../x", "/etc/passwd", "$(id)", "`id`", "{{x}}", "a;b", "a b", "a\tb"],
  ...["* * * * *", "60 * * * *", "@hourly", "H H * * *", "*/0 * * * *", "1Gi", "-1Gi", "1e3Gi", "0", "1E", "10ms", "0s", "-5s", "99999d"],
  ...[
    "nobody/nothing",
    "smtp/token",
    "localhost",
    "*.example.org",
    "xn--nxasmq6b.example",
    "example.org.",
    "127.0.0.1",
    "a..b",
    "http://x",
  ],
  ...["8.4", "8.9", "7.4", "apart", "together", "writable", "exclusive", "yes", "on", "~", "null", "0x10", "1_000", "<<", "__proto__"],
  ...([
    [],
    {},
    ["x"],
    [""],
    [null],
    ["x", "x"],
    [[]],
    { x: 1 },
    { "": "" },
    { __proto__x: {} },
    { "a/b": "c" },
    [{}],
    { x: { y: [] } },
  ] as Json[]),
];

/** Every place of a document that has a value, the document itself left out. */
function placesOf(value: Json, here: Place = []): Place[] {
  const below =
    value === null || typeof value !== "object"
      ? []
      : Array.isArray(value)
        ? value.flatMap((one, index) => placesOf(one, [...here, index]))
        : Object.entries(value).flatMap(([key, one]) => placesOf(one, [...here, key]));
  return here.length === 0 ? below : [here, ...below];
}

/** Fields of the schema below `spec` that a document could have. */
function fieldsOf(schema: Schema, here: Place = []): Place[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, one]) => [[...here, key], ...fieldsOf(one, [...here, key])]);
}

function withValue(document: Json, place: Place, value: Json | undefined): Json {
  const [key, ...rest] = place;
  if (key === undefined) return value ?? null;
  if (Array.isArray(document) && typeof key === "number") {
    if (rest.length === 0 && value === undefined) return document.toSpliced(key, 1);
    return document.with(key, withValue(document[key] ?? null, rest, value));
  }
  const fields = document !== null && typeof document === "object" && !Array.isArray(document) ? document : {};
  const { [key]: found, ...others } = fields;
  if (rest.length === 0 && value === undefined) return others;
  return { ...others, [key]: withValue(found ?? {}, rest, value) };
}

function valueAt(document: Json, place: Place): Json | undefined {
  return place.reduce<Json | undefined>(
    (at, key) => (at !== null && typeof at === "object" ? (at as Record<string | number, Json>)[key] : undefined),
    document,
  );
}

/** The mutation of a number, of one of several good documents: any place of it or field of its schema gets another value, or goes. */
export function mutation(seed: number, documents: readonly object[], schema: Schema): Mutation {
  const random = randomFrom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const document = structuredClone(pick(documents)) as unknown as Json;
  const place = random() < 0.6 ? pick(placesOf(document)) : pick(fieldsOf(schema));
  const before = valueAt(document, place);
  const gone = random() < 0.1 && before !== undefined;
  const near = typeof before === "number" ? [before + 1, before - 1, before * 1000, String(before)] : [];
  const value = gone ? undefined : near.length > 0 && random() < 0.4 ? pick(near) : pick(values);
  const words = (one: Json | undefined): string => (JSON.stringify(one) ?? "nothing").slice(0, 60);
  return { seed, what: `${place.join(".")}: ${words(before)} -> ${words(value)}`, document: withValue(document, place, value) };
}
