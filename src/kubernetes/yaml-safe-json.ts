/**
 * JSON that a reader of YAML takes for the same: server-side apply takes YAML only, and the API server's reader (YAML 1.1) would fold lines at
 * U+0085, U+2028 and U+2029 in the middle of strings, and refuse what it holds for unprintable. Everything else stays as it is: `\u` pairs of
 * surrogates, which JSON may have for emoji, are no YAML.
 */
export function yamlSafeJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
