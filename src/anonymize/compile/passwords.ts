import type { MaskRule } from "../../catalog/dataset-presets/dataset-rules.ts";

/** Everybody's password in a dataset, `dataset`, as applications store it. No secret: a dataset holds nobody's data. One hash for all, so that a login by hand works with every account. */
const hashes: Readonly<Record<NonNullable<MaskRule["scheme"]>, string>> = {
  bcrypt: "$2y$10$howdahhowdahhowdahhoweDlTRIoDft0WtLp/CL2n2kRTs1owlJ/6",
  phpass: "$P$BhowdahdaW9Ed0dz8MUgsrW86YOn47/",
  mediawiki: ":B:686f7764:20e0225ad44bea128f2baa17623792b7",
};

/** What the hunt allows. */
export const DATASET_PASSWORD_HASHES: readonly string[] = Object.values(hashes);

/** The hash of the one password. */
export function passwordOf(scheme: NonNullable<MaskRule["scheme"]>): string {
  return hashes[scheme];
}
