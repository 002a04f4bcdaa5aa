import type { DatasetPreset } from "./dataset-rules.ts";
import { drupal } from "./drupal.ts";
import { laravel } from "./laravel.ts";
import { mediawiki } from "./mediawiki.ts";
import { studip } from "./studip.ts";
import { symfony } from "./symfony.ts";
import { wordpress } from "./wordpress.ts";

/** Every application whose tables are known, by name. */
export const datasetPresets: Readonly<Record<string, DatasetPreset>> = { drupal, laravel, mediawiki, studip, symfony, wordpress };
