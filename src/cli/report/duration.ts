/** Milliseconds for people: `0.4 s`, `12 s`, `2 min 05 s`. */
export function seconds(milliseconds: number): string {
  if (milliseconds < 10_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const whole = Math.round(milliseconds / 1000);
  return whole < 60 ? `${String(whole)} s` : `${String(Math.floor(whole / 60))} min ${String(whole % 60).padStart(2, "0")} s`;
}
