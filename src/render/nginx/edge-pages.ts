/** Text as HTML, whatever it holds. */
export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (char) => entities[char] ?? char);
}

const STYLE =
  "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem;color:#223;background:#fafafa}h1{font-size:1.4rem}code{background:#eee;padding:.1em .3em;border-radius:3px}@media(prefers-color-scheme:dark){body{color:#dde;background:#181a1f}code{background:#333}}";

/** A page of the edge itself: one line, without scripts. `refresh` in seconds makes browsers ask again. */
export function edgePage(page: {
  readonly title: string;
  readonly text: string;
  readonly command?: string;
  readonly refresh?: number;
}): string {
  const refresh = page.refresh === undefined ? "" : `<meta http-equiv="refresh" content="${page.refresh}">`;
  const command = page.command === undefined ? "" : ` <code>${escapeHtml(page.command)}</code>`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">${refresh}<title>${escapeHtml(page.title)}</title><style>${STYLE}</style><h1>${escapeHtml(page.title)}</h1><p>${escapeHtml(page.text)}${command}</p></html>`;
}
