import type { StillStep } from "./still-scale.ts";

interface Panel {
  readonly title: string;
  readonly goal: number | null;
  readonly lines: readonly { readonly name: string; readonly of: (step: StillStep) => number }[];
}

const PANELS: readonly Panel[] = [
  { title: "Memory of the operator, MB", goal: 400, lines: [{ name: "at rest", of: ({ quiet }) => quiet.mostMb }] },
  {
    title: "Start, s",
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

const PANEL = { width: 260, height: 200, left: 48, top: 34, gap: 150 };
const COLOURS = ["#1f5fa8", "#c2571a"];
const STYLE = "text{font:12px sans-serif}.title{font-weight:bold;fill:#111}.axis{stroke:#888}.goal{stroke:#2a7d2a;stroke-dasharray:5 4}";

/** Cost against the number of sites as an SVG picture: a panel for each goal, which is the dashed line. From the JSON of `cluster-scale still`. */
export function drawScale(steps: readonly StillStep[]): string {
  const width = PANEL.left + PANELS.length * (PANEL.width + PANEL.gap);
  const height = PANEL.top + PANEL.height + 56;
  const parts = PANELS.flatMap((panel, index) => drawPanel(panel, steps, PANEL.left + index * (PANEL.width + PANEL.gap)));
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${String(width)}" height="${String(height)}" role="img">`;
  const white = '<rect width="100%" height="100%" fill="#fff"/>';
  return `${[head, `<title>Cost of an operator against its number of sites</title><style>${STYLE}</style>${white}`, ...parts, "</svg>"].join("\n")}\n`;
}

function drawPanel({ title, goal, lines }: Panel, steps: readonly StillStep[], left: number): readonly string[] {
  const bottom = PANEL.top + PANEL.height;
  const mostSites = Math.max(...steps.map(({ sites }) => sites));
  const most = 1.15 * Math.max(goal ?? 0, ...lines.flatMap(({ of }) => steps.map(of)));
  const x = (sites: number): string => (left + (sites / mostSites) * PANEL.width).toFixed(1);
  const y = (value: number): string => (bottom - (value / most) * PANEL.height).toFixed(1);
  const text = (at: string, where: string, words: string): string => `<text x="${at}" y="${where}" ${words}</text>`;
  const right = x(mostSites);
  return [
    text(x(0), "18", `class="title">${title}`),
    `<path class="axis" fill="none" d="M${x(0)} ${String(PANEL.top)}V${String(bottom)}H${right}"/>`,
    ...steps.map(({ sites }) => text(x(sites), String(bottom + 18), `text-anchor="middle">${String(sites)}`)),
    text(right, String(bottom + 38), 'text-anchor="end">sites'),
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
