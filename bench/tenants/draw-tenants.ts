import { drawPanel, PANEL, type Panel, STYLE } from "../cluster-scale/draw-scale.ts";

/** What one more tenant cost when there were so many. */
export interface TenantStep {
  readonly sites: number;
  /** Median of this part's, from the beginning of one to its answered first page. */
  readonly seconds: number;
  /** Mean memory of a tenant's pods, as the kernel charges it. */
  readonly podsMb: number;
  /** What the whole machine has less, for each tenant: says something only when nothing else runs on it. */
  readonly machineMb: number;
  readonly load: number;
}

const panels: readonly Panel<TenantStep>[] = [
  {
    title: "One more tenant: seconds",
    goal: 30,
    lines: [
      { name: "median", of: ({ seconds }) => seconds },
      { name: "load", of: ({ load }) => load },
    ],
  },
  { title: "Memory of a tenant's pods, MB", goal: null, lines: [{ name: "mean", of: ({ podsMb }) => podsMb }] },
];

/** Cost of a tenant against their number as an SVG picture; the dashed line is the goal. */
export function drawTenants(steps: readonly TenantStep[]): string {
  const [width, height] = [PANEL.left + panels.length * (PANEL.width + PANEL.gap), PANEL.top + PANEL.height + 56];
  const parts = panels.flatMap((panel, index) => drawPanel(panel, steps, { column: index, row: 0 }));
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${String(width)}" height="${String(height)}" role="img">`;
  const white = '<rect width="100%" height="100%" fill="#fff"/>';
  return `${[head, `<title>Cost of a tenant against the number of tenants</title><style>${STYLE}</style>${white}`, ...parts, "</svg>"].join("\n")}\n`;
}
