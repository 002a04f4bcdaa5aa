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

/** Where a test names a file, the process dies at the step that stands in it, as in a power cut: the file may change while the driver runs. */
export function killAt(file: string | undefined, read: (file: string) => string, kill: () => void): AtStep {
  if (file === undefined) return () => {};
  return (reached) => {
    if (read(file).trim() === reached) kill();
  };
}
