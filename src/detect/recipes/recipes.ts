import type { Recipe } from "../recipe.ts";
import { gravRecipe, typechoRecipe } from "./blogs.ts";
import { dokuwikiRecipe } from "./dokuwiki.ts";
import { drupalRecipe } from "./drupal.ts";
import { bookstackRecipe, laravelRecipe, symfonyRecipe, thinkphpRecipe } from "./frameworks.ts";
import { icingaweb2Recipe } from "./icingaweb2.ts";
import { mediawikiRecipe } from "./mediawiki.ts";
import { phpmyadminRecipe } from "./phpmyadmin.ts";
import { roundcubeRecipe } from "./roundcube.ts";
import { adminerRecipe, ttRssRecipe } from "./small-tools.ts";
import { studipRecipe } from "./studip.ts";
import { typo3Recipe } from "./typo3.ts";
import { wordpressRecipe } from "./wordpress.ts";

/** All recipes. The first that recognizes a tree wins, so products come before the frameworks that they are made with. */
export const recipes: readonly Recipe[] = [
  wordpressRecipe,
  mediawikiRecipe,
  dokuwikiRecipe,
  phpmyadminRecipe,
  roundcubeRecipe,
  icingaweb2Recipe,
  ttRssRecipe,
  typechoRecipe,
  studipRecipe,
  gravRecipe,
  bookstackRecipe,
  drupalRecipe,
  typo3Recipe,
  thinkphpRecipe,
  laravelRecipe,
  symfonyRecipe,
  adminerRecipe,
];
