import type { ScaleStep } from "./cluster-scale.ts";
import type { StillStep } from "./still-scale.ts";

/** What is drawn: the operator alone, and with a real control plane. From the JSON of `cluster-scale still` and of `cluster-scale`. */
export interface Measured {
  readonly still: readonly StillStep[];
  readonly real: readonly ScaleStep[];
}

/** One diagram of a picture: lines against the number of sites. */
export interface Panel<Step> {
  readonly title: string;
  /** What is counted along it, where that is not sites. */
  readonly along?: string;
  readonly goal: number | null;
  readonly lines: readonly { readonly name: string; readonly of: (step: Step) => number }[];
}

const ALONE: readonly Panel<StillStep>[] = [
  { title: "Operator alone: its memory, MB", goal: 400, lines: [{ name: "at rest", of: ({ quiet }) => quiet.mostMb }] },
  {
    title: "Operator alone: start, s",
    goal: 30,
    lines: [
      { name: "synced", of: ({ synced }) => synced },
      { name: "all looked at", of: ({ lookedAtAll }) => lookedAtAll },
    ],
  },
  {
    title: "Requests of a start, and its CPU in ms",
    goal: null,
    lines: [
      { name: "requests", of: ({ requests }) => requests },
      { name: "CPU", of: ({ cpuSeconds }) => cpuSeconds * 1000 },
    ],
  },
];

const REAL: readonly Panel<ScaleStep>[] = [
  { title: "On a real control plane: memory, MB", goal: 400, lines: [{ name: "at rest", of: ({ quiet }) => quiet.memoryMb }] },
  {
    title: "There: killed and started again, s",
    goal: 30,
    lines: [
      { name: "synced", of: ({ restart }) => restart.synced },
      { name: "all looked at", of: ({ restart }) => restart.lookedAtAll },
    ],
  },
  {
    title: "There: a change until it is applied, ms",
    goal: 1000,
    lines: [
      { name: "median", of: ({ scaling }) => scaling.p50 },
      { name: "95 %", of: ({ scaling }) => scaling.p95 },
      { name: "load × 100", of: ({ scaling }) => Math.round(scaling.load * 100) },
    ],
  },
];

/** Measures of one diagram, in pixels. */
export const PANEL = { width: 260, height: 200, left: 48, top: 34, gap: 150 };
const ROW = PANEL.top + PANEL.height + 56;
const COLOURS = ["#1f5fa8", "#c2571a", "#888"];
/** How lines and words look. */
export const STYLE =
  "text{font:12px sans-serif}.title{font-weight:bold;fill:#111}.axis{stroke:#888}.goal{stroke:#2a7d2a;stroke-dasharray:5 4}";

/** Cost against the number of sites as an SVG picture: a panel for each goal, which is the dashed line. */
export function drawScale({ still, real }: Measured): string {
  const [width, height] = [PANEL.left + ALONE.length * (PANEL.width + PANEL.gap), 2 * ROW];
  const parts = [
    ...ALONE.flatMap((panel, index) => drawPanel(panel, still, { column: index, row: 0 })),
    ...REAL.flatMap((panel, index) => drawPanel(panel, real, { column: index, row: 1 })),
  ];
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${String(width)}" height="${String(height)}" role="img">`;
  const white = '<rect width="100%" height="100%" fill="#fff"/>';
  return `${[head, `<title>Cost of an operator against its number of sites</title><style>${STYLE}</style>${white}`, ...parts, "</svg>"].join("\n")}\n`;
}

/** Draws one diagram at its place in a grid. */
export function drawPanel<Step extends { readonly sites: number }>(
  { title, goal, lines, along = "sites" }: Panel<Step>,
  steps: readonly Step[],
  place: { readonly column: number; readonly row: number },
): readonly string[] {
  const left = PANEL.left + place.column * (PANEL.width + PANEL.gap);
  const top = PANEL.top + place.row * ROW;
  const bottom = top + PANEL.height;
  const mostSites = Math.max(...steps.map(({ sites }) => sites));
  const most = 1.15 * Math.max(goal ?? 0, ...lines.flatMap(({ of }) => steps.map(of)));
  const x = (sites: number): string => (left + (sites / mostSites) * PANEL.width).toFixed(1);
  const y = (value: number): string => (bottom - (value / most) * PANEL.height).toFixed(1);
  const text = (at: string, where: string, words: string): string => `<text x="${at}" y="${where}" ${words}</text>`;
  const right = x(mostSites);
  return [
    text(x(0), String(top - 16), `class="title">${title}`),
    `<path class="axis" fill="none" d="M${x(0)} ${String(top)}V${String(bottom)}H${right}"/>`,
    ...steps.map(({ sites }) => text(x(sites), String(bottom + 18), `text-anchor="middle">${String(sites)}`)),
    text(right, String(bottom + 38), `text-anchor="end">${along}`),
    text(x(0), String(bottom), 'text-anchor="end" dx="-6">0'),
    ...(goal === null
      ? []
      : [`<path class="goal" d="M${x(0)} ${y(goal)}H${right}"/>`, text(x(0), String(Number(y(goal)) - 5), `dx="4">goal ${String(goal)}`)]),
    ...lines.flatMap(({ name, of }, index) => {
      const colour = COLOURS[index % COLOURS.length] ?? "#000";
      const points = steps.map((step) => `${x(step.sites)},${y(of(step))}`);
      const last = steps.at(-1);
      return [
        `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points.join(" ")}"/>`,
        ...steps.map((step) => `<circle cx="${x(step.sites)}" cy="${y(of(step))}" r="3" fill="${colour}"/>`),
        last === undefined ? "" : text(right, y(of(last)), `dx="8" dy="4" fill="${colour}">${name} ${String(of(last))}`),
      ];
    }),
  ];
}
