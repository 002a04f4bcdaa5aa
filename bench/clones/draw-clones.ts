import { drawPanel, PANEL, type Panel, STYLE } from "../cluster-scale/draw-scale.ts";
import type { CloneTimes } from "./clones.ts";
import type { CloneWay } from "./database-ways.ts";

/** One size of database: milliseconds to a second one that answers, by each way. */
interface Step {
  readonly sites: number;
  readonly of: (way: CloneWay["way"]) => number;
}

const panel = (title: string, ways: readonly CloneWay["way"][], unitMs: number): Panel<Step> => ({
  ...{ title, along: "GB of database", goal: null },
  lines: ways.map((name) => ({ name, of: (step) => Math.round(step.of(name) / unitMs) })),
});
const panels = [
  panel("Copies on write ready: milliseconds", ["btrfs", "reflink"], 1),
  panel("Whole copies ready: seconds", ["dump and restore", "cp -a"], 1000),
];

/** Time until a copied database answers, against its size, as an SVG picture: what copies on write is flat, the rest grows. */
export function drawClones({ sizes }: CloneTimes): string {
  const steps = sizes.map(
    ({ gigabytes, ways }): Step => ({ sites: gigabytes, of: (name) => readyMs(ways.find(({ way }) => way === name)) }),
  );
  const [width, height] = [PANEL.left + panels.length * (PANEL.width + PANEL.gap), PANEL.top + PANEL.height + 56];
  const parts = panels.flatMap((one, column) => drawPanel(one, steps, { column, row: 0 }));
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${String(width)}" height="${String(height)}" role="img">`;
  const white = '<rect width="100%" height="100%" fill="#fff"/>';
  return `${[head, `<title>Time until a copied database answers, against its size</title><style>${STYLE}</style>${white}`, ...parts, "</svg>"].join("\n")}\n`;
}

function readyMs(way: CloneWay | undefined): number {
  return 1000 * ((way?.copySeconds ?? 0) + (way?.startSeconds ?? 0));
}
