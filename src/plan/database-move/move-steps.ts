/** Steps of a move of a site's database in their order; move-database.ts draws them. */
export const MOVE_STEPS = ["prepare", "copy", "hold", "compare", "roll", "release", "settle"] as const;

/** `clean`: the site serves from its former server again, and only what lies on the other one is to be taken away. */
export type MoveStep = (typeof MOVE_STEPS)[number] | "clean";

/** True from the moment on at which visitors may have written to the new server: going on is then the only way that loses nothing. */
export function isPastReturn(step: MoveStep): boolean {
  return step === "release" || step === "settle";
}
