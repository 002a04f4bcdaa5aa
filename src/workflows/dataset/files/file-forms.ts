/** An extension that nobody knows may be somebody's name: `anna.meier`. */
const KNOWN: ReadonlySet<string> = new Set(
  [
    "7z avi avif bak bmp bz2 css csv db doc docx eml eps epub gif gz heic htm html ico ics inc jpeg jpg js json key log m4a md mov mp3 mp4 mpg",
    "msg odg odp ods odt ogg otf p12 pdf pem php png ppt pptx ps psd rar rtf sql sqlite svg tar tgz tif tiff tmp tsv ttf txt vcf wav webm webp",
    "woff woff2 xls xlsx xml xz yaml yml zip",
  ]
    .join(" ")
    .split(" "),
);
const TOLD = 20;

/** Counts files of production by what may be kept of them: people's names stand in names of files and of directories. */
export interface FileTally {
  add(path: string): void;
  /** `*.pdf (3)` of each form, the most frequent first. */
  forms(): readonly string[];
  /** The first paths as they are, for the terminal of who breeds; undefined: there are none. */
  names(): string | undefined;
}

/** An empty tally. */
export function tallyFiles(): FileTally {
  const counts = new Map<string, number>();
  const first: string[] = [];
  let total = 0;
  return {
    add: (path) => {
      const form = fileForm(path);
      counts.set(form, (counts.get(form) ?? 0) + 1);
      total += 1;
      if (first.length < TOLD) first.push(path);
    },
    forms: () => [...counts].toSorted(([, a], [, b]) => b - a).map(([form, count]) => `${form} (${String(count)})`),
    names: () => {
      if (total === 0) return undefined;
      return `${first.map((path) => JSON.stringify(path)).join(", ")}${total > TOLD ? ` and ${String(total - TOLD)} more` : ""}`;
    },
  };
}

function fileForm(path: string): string {
  const extension = /\.([A-Za-z0-9]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
  return KNOWN.has(extension) ? `*.${extension}` : "*";
}
