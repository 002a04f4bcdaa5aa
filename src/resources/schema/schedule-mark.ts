import * as z from "zod";

/** How far an operator has come with a schedule: it survives the operator, so that nothing is begun twice and nothing is forgotten. */
export const scheduleMark = z
  .strictObject({
    schedule: z.string().meta({ description: "The schedule that this belongs to." }),
    handled: z.int().meta({ description: "Everything up to then was dealt with." }),
  })
  .optional()
  .meta({ description: "What the schedule has dealt with." });
