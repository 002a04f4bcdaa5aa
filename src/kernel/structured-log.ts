/** Writes one structured line: a constant message, values as keys. What runs long and unseen (an agent, the scheduler of crons) speaks through it. */
export type StructuredLog = (
  line: Readonly<Record<string, unknown>> & { readonly level: "info" | "warning" | "error"; readonly msg: string },
) => void;
