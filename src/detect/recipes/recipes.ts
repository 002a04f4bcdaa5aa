import type { Recipe } from "../recipe.ts";
import { wordpressRecipe } from "./wordpress.ts";

/** All recipes. The first that recognizes a tree wins, so the more particular ones come first. */
export const recipes: readonly Recipe[] = [wordpressRecipe];
