/** The name by which StorageClasses, snapshot classes and the kubelet know the driver. */
export const DRIVER = "csi.howdah.dev";
/** The label of nodes, and the key of topologies, that says on which node a volume is. */
export const NODE_KEY = `${DRIVER}/node`;
/** The parameter of a StorageClass: `"false"` makes volumes that take room only as they are filled, for copies. */
export const RESERVE = `${DRIVER}/reserve`;
/** In the attributes of a volume: `quota` where it can't grow beyond its size, `none` where the file system has no quotas. */
export const SIZE_LIMIT = `${DRIVER}/size-limit`;
