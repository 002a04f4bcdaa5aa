/** Text that came from outside (names, logs, programs) made safe for a terminal: control characters become visible, so nothing can move the cursor or set a title (test F7). */
export function terminalText(text: string): string {
  // biome-ignore format: one expression
  return text.replaceAll(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
