import * as z from "zod";

const condition = z.strictObject({
  type: z
    .string()
    .meta({ description: "Ready, Reconciling or Stalled; of a database server with routers that know users also RoutersInStep." }),
  status: z.enum(["True", "False", "Unknown"]).meta({ description: "Whether it holds." }),
  observedGeneration: z.int().optional().meta({ description: "The generation of the object that this was said of." }),
  lastTransitionTime: z.string().meta({ description: "Since when the status is this.", format: "date-time" }),
  reason: z.string().meta({ description: "One word, for programs: docs/reference/errors.md lists those of failures." }),
  message: z.string().meta({ description: "One sentence, for people, with the next step when there is one." }),
});

/** A condition in the status of an object. */
export type StatusCondition = z.output<typeof condition>;

/** `status.conditions`, merged by type by whoever applies some of them. */
export const conditions = z
  .array(condition)
  .optional()
  .meta({
    description: "What is so: Ready (it serves), Reconciling (work is under way), Stalled (a person is needed).",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["type"],
  });

/** `status.observedGeneration`. */
export const observedGeneration = z
  .int()
  .optional()
  .meta({ description: "The generation that the operator has seen: below metadata.generation the status is of a former one." });
