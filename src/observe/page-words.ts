/** The first words of an HTML or text answer without its markup, to be recognized by a person; at most 160 characters. */
export function pageWords(body: string): string {
  return body
    .replaceAll(/<(script|style)[\s\S]*?<\/\1>/gi, " ")
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim()
    .slice(0, 160);
}
