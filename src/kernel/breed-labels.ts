import { LABEL_PREFIX } from "./label.ts";

/** Label of a breed's Jobs, their pods and all that they make: the name of the Job. */
export const BREED_JOB_LABEL = `${LABEL_PREFIX}/breed-job`;
/** Label of a breed's pods: `breeder` is the Job's own, `loader` reads the source, `sealed` has a private server or program in it. */
export const BREED_PART_LABEL = `${LABEL_PREFIX}/breed-part`;
/** Label of a breed's private servers: which breed, of a name that a label has no room for. */
export const BREED_LABEL = `${LABEL_PREFIX}/breed`;
