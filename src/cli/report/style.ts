/** ANSI styles, or nothing when colour is off. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly green: (text: string) => string;
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

function wrap(open: number, close: number, on: boolean): (text: string) => string {
  return (text) => (on ? `\u001b[${String(open)}m${text}\u001b[${String(close)}m` : text);
}

/** Styles for a terminal; `NO_COLOR` and pipes get plain text. */
export function styleFor(color: boolean): Style {
  return {
    bold: wrap(1, 22, color),
    dim: wrap(2, 22, color),
    green: wrap(32, 39, color),
    red: wrap(31, 39, color),
    yellow: wrap(33, 39, color),
    cyan: wrap(36, 39, color),
  };
}
