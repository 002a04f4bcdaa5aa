/** The program in the image of a Galera node that says how the node is and takes orders. */
export const GALERA_NODE_PROGRAM = "/usr/lib/howdah/node.sh";
