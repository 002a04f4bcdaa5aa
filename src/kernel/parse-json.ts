/** What a JSON text says; undefined when it is none. For words of others, whose form is checked afterwards. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
