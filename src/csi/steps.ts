/** The places between two writes at which a test kills the driver. Each call must then be right when it is repeated. */
export const steps = [
  "create/recorded",
  "create/source-taken",
  "create/filled",
  "create/limited",
  "create/ready",
  "delete/marked",
  "delete/destroyed",
  "delete/forgotten",
  "snapshot/recorded",
  "snapshot/taken",
  "snapshot/ready",
  "grow/limited",
  "grow/recorded",
  "publish/made",
  "publish/mounted",
  "publish/ready",
  "unpublish/unmounted",
  "unpublish/removed",
] as const;

/** One of them. */
export type Step = (typeof steps)[number];

/** Says that a step has been reached; nothing happens but in tests. */
export type AtStep = (step: Step) => void;

/** Where `HOWDAH_CSI_KILL_AT` names a step, the process dies there as in a power cut; only tests set it. */
export function killAt(step: string | undefined, kill: () => void): AtStep {
  return (reached) => {
    if (reached === step) kill();
  };
}
