import { STYLE } from "../cluster-scale/draw-scale.ts";
import type { GaleraSites, SiteReport } from "./galera-sites.ts";
import type { Moment, Sample } from "./samples.ts";

const WIDTH = 900;
const LEFT = 64;
const TOP = 74;
const REQUESTS = 90;
const SLOWEST = 70;
const LANE = 16;
const SITE = REQUESTS + SLOWEST + LANE + 92;
const COLOURS = { ok: "#7fa8d4", failed: "#c0232c", slow: "#c2571a", mark: "#444" };
/** Lines of the scale of times, which is logarithmic: a page takes a tenth of a second, and what hangs a minute. */
const TIMES = [100, 1000, 10_000, 60_000];

/**
 * A run of `galera-sites` as an SVG picture: for each site its requests second by second, the slowest of each second, and what the person at the
 * browser did; over all of them the moments of the faults.
 */
export function drawGaleraSites({ sites, moments, seconds, mariadb }: GaleraSites): string {
  const x = (ms: number): number => LEFT + (ms / 1000 / seconds) * WIDTH;
  const height = TOP + sites.length * SITE + 40;
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${String(LEFT + WIDTH + 30)}" height="${String(height)}" role="img">`;
  const title = `<title>WordPress and MediaWiki on three database nodes: the writer killed, a machine lost</title>`;
  const shown = [`<rect width="100%" height="100%" fill="#fff"/>`, legend(mariadb)];
  const bottom = TOP + sites.length * SITE;
  const parts = [
    ...moments.flatMap((moment, index) => drawMoment(moment, x, { bottom, row: index % 2 })),
    ...sites.flatMap((site, index) => drawSite(site, x, TOP + index * SITE)),
    ...ticks(seconds).map((second) => text(x(second * 1000), bottom + 8, String(second), 'text-anchor="middle"')),
    text(x(seconds * 1000), bottom + 28, "seconds", 'text-anchor="end"'),
  ];
  return `${[head, title, `<style>${STYLE}.small{font-size:10px}</style>`, ...shown, ...parts, "</svg>"].join("\n")}\n`;
}

function legend(mariadb: string): string {
  const words = [
    { colour: COLOURS.ok, says: "answered" },
    { colour: COLOURS.failed, says: "failed" },
    { colour: COLOURS.slow, says: "slowest answer of the second" },
  ];
  const marks = words.map(
    ({ colour, says }, index) =>
      `<rect x="${String(LEFT + 380 + index * 90)}" y="10" width="10" height="10" fill="${colour}"/>${text(LEFT + 395 + index * 90, 19, says, "")}`,
  );
  return text(LEFT, 19, `Galera, MariaDB ${mariadb}, three machines, two HAProxys`, 'class="title"') + marks.join("");
}

function drawMoment(
  { at, words }: Moment,
  x: (ms: number) => number,
  { bottom, row }: { readonly bottom: number; readonly row: number },
): readonly string[] {
  const place = x(at).toFixed(1);
  const [short = words] = words.split(":");
  return [
    `<path stroke="${COLOURS.mark}" stroke-dasharray="4 3" fill="none" d="M${place} ${String(38 + row * 14)}V${String(bottom - 12)}"/>`,
    text(
      x(at),
      38 + row * 14,
      short,
      `${x(at) > WIDTH - 40 ? 'dx="-4" text-anchor="end"' : 'dx="4"'} class="small" fill="${COLOURS.mark}"`,
    ),
  ];
}

function drawSite(site: SiteReport, x: (ms: number) => number, top: number): readonly string[] {
  const { seconds } = site;
  const floor = top + 18 + REQUESTS;
  const most = Math.max(4, ...seconds.map(({ ok, failed }) => ok + failed));
  const tall = (count: number): number => (count / most) * REQUESTS;
  const wide = x(1000) - x(0) - 0.4;
  const bars = seconds.flatMap(({ ok, failed }, index) => [
    bar({ x: x(index * 1000), y: floor - tall(ok), width: wide, height: tall(ok), fill: COLOURS.ok }),
    bar({ x: x(index * 1000), y: floor - tall(ok + failed), width: wide, height: tall(failed), fill: COLOURS.failed }),
  ]);
  const under = floor + 12 + SLOWEST;
  const y = (ms: number): number => under - (Math.log10(Math.max(ms, 30) / 30) / Math.log10(80_000 / 30)) * SLOWEST;
  const dots = seconds.flatMap(({ worstMs }, index) =>
    worstMs === 0
      ? []
      : [`<circle cx="${x(index * 1000 + 500).toFixed(1)}" cy="${y(worstMs).toFixed(1)}" r="1.6" fill="${COLOURS.slow}"/>`],
  );
  const right = x(seconds.length * 1000).toFixed(1);
  return [
    text(LEFT, top + 8, `${site.name}: ${headline(site)}`, 'class="title"'),
    text(LEFT, top + 30, String(most), 'text-anchor="end" dx="-6"'),
    text(LEFT, floor, "a second", 'text-anchor="end" dx="-6" class="small"'),
    ...bars,
    `<path class="axis" fill="none" d="M${String(LEFT)} ${String(floor)}H${right}"/>`,
    ...TIMES.map((ms) => text(LEFT, y(ms) + 4, `${String(ms / 1000)} s`, 'text-anchor="end" dx="-6" class="small"')),
    ...TIMES.map((ms) => `<path stroke="#ddd" fill="none" d="M${String(LEFT)} ${y(ms).toFixed(1)}H${right}"/>`),
    ...dots,
    text(LEFT, under + 12 + LANE - 4, "browser", 'text-anchor="end" dx="-6" class="small"'),
    ...site.browser.deeds.flatMap((deed) => drawDeed(deed, x, under + 12)),
  ];
}

function headline({ acknowledged, lost, phases, browser }: SiteReport): string {
  const failed = Object.values(phases).reduce((sum, { pages, writes }) => sum + pages.failed + writes.failed, 0);
  const asked = Object.values(phases).reduce((sum, { pages, writes }) => sum + pages.requests + writes.requests, 0);
  const told = `${String(acknowledged)} writes acknowledged, ${String(lost)} lost; by hand ${String(browser.saved)}, ${String(browser.lost)} lost`;
  return `${String(failed)} of ${String(asked)} requests failed; ${told}`;
}

function drawDeed({ at, ms, what, failed }: Sample, x: (ms: number) => number, top: number): readonly string[] {
  const fill = failed === undefined ? COLOURS.ok : COLOURS.failed;
  const width = Math.max(1, x(at + ms) - x(at) - 1);
  const box = bar({ x: x(at), y: top, width, height: LANE, fill });
  return width < 30 ? [box] : [box, text(x(at) + 3, top + LANE - 4, what, 'class="small"')];
}

function bar({ x, y, width, height, fill }: { x: number; y: number; width: number; height: number; fill: string }): string {
  if (height === 0) return "";
  return `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}" fill="${fill}"/>`;
}

function text(x: number, y: number, words: string, how: string): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${how}>${words}</text>`;
}

function ticks(seconds: number): readonly number[] {
  return Array.from({ length: Math.floor(seconds / 30) + 1 }, (_, index) => index * 30);
}
