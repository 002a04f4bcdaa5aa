/** One directive of an Apache configuration. */
export interface ApacheDirective {
  readonly kind: "directive";
  /** In lower case: Apache does not care. */
  readonly name: string;
  /** Words with their quotes taken off; backslashes stay, for they belong to regular expressions. */
  readonly args: readonly string[];
  /** 1-based line where it starts. */
  readonly line: number;
}

/** A `<Section …>` with what it holds. */
export interface ApacheSection {
  readonly kind: "section";
  readonly name: string;
  readonly args: readonly string[];
  readonly line: number;
  readonly children: readonly ApacheNode[];
}

export type ApacheNode = ApacheDirective | ApacheSection;
