import type { DatasetPreset } from "./dataset-rules.ts";

/** Every application whose tables are known, by name. */
export const datasetPresets: Readonly<Record<string, DatasetPreset>> = {};
