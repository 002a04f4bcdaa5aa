/** The builder lies in the kernel, since pure code makes statements too; its many users among the providers know it by this name. */
export { account, grantPattern, grantPatternBelow, identifier, number, Sql, sql, text, word } from "../../../kernel/sql.ts";
