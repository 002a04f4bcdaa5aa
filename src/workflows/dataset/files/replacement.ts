const PIXEL = {
  png: "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCB4rRjXwAAAABJRU5ErkJggg==",
  gif: "R0lGODlhAQABAIAAAICAgAAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==",
  jpg: "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AR//Z",
  webp: "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA",
} as const;

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><path fill="#808080" d="M0 0h1v1H0z"/></svg>\n';
const PDF =
  "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj\nxref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n0000000052 00000 n \n0000000101 00000 n \ntrailer<</Size 4/Root 1 0 R>>\nstartxref\n164\n%%EOF\n";

const byExtension: Readonly<Record<string, Uint8Array>> = {
  png: Buffer.from(PIXEL.png, "base64"),
  gif: Buffer.from(PIXEL.gif, "base64"),
  jpg: Buffer.from(PIXEL.jpg, "base64"),
  jpeg: Buffer.from(PIXEL.jpg, "base64"),
  webp: Buffer.from(PIXEL.webp, "base64"),
  svg: Buffer.from(SVG),
  pdf: Buffer.from(PDF),
};

/** What stands in the place of somebody's file: a grey picture, an empty page, or nothing at all, under the same name. */
export function replacementFor(path: string): Uint8Array {
  const extension = /\.([A-Za-z0-9]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
  return byExtension[extension] ?? new Uint8Array();
}
