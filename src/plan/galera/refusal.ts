/** Why a cluster is not brought back by itself. */
export type RefusalReason =
  | "TwoPrimaries"
  | "DataBroken"
  | "NodeMayBeAlive"
  | "PositionUnknown"
  | "DifferentHistories"
  | "BehindWhatWasSeen"
  | "NoIntactData";

const words: Readonly<Record<RefusalReason, (who: string) => string>> = {
  TwoPrimaries: (who) => `Two clusters serve at once (${who}): stop the one whose writes you give up`,
  DataBroken: (who) => `The server can't read the data of ${who}: delete its volume and its pod, and it gets a copy from another node`,
  NodeMayBeAlive: (who) =>
    `No node has a majority, and ${who} may still be alive: delete its pod, or the node that it runs on, to prove that it is not`,
  PositionUnknown: (who) => `Nobody knows how far the data of ${who} came, it may be further than what is here: bring it back, or choose`,
  DifferentHistories: (who) => `The data of ${who} is not of one cluster: choose whose is right`,
  BehindWhatWasSeen: (who) =>
    `The cluster was seen further than ${who} is, the latest of those that are left: bring the others back, or choose`,
  NoIntactData: (who) => `No intact data is left on ${who}: restore a backup`,
};

/** What is said to people: what is wrong, and what they can do. How to choose is on the page of the failure. */
export function refusal(reason: RefusalReason, who: string): string {
  return `${words[reason](who)} (docs/how-to/when-all-database-nodes-died.md)`;
}
