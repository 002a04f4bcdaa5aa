/** Functions that a PHP version no longer has, by that version. From PHP's own UPGRADING notes. */
const removed: Readonly<Record<string, string>> = {
  "7.0":
    "ereg ereg_replace eregi eregi_replace split spliti sql_regcase mysql_connect mysql_pconnect mysql_query mysql_select_db mysql_fetch_array mysql_fetch_assoc mysql_fetch_row mysql_num_rows mysql_real_escape_string mysql_escape_string mysql_insert_id mysql_error mysql_close mysql_result set_magic_quotes_runtime magic_quotes_runtime call_user_method call_user_method_array",
  "7.2": "mcrypt_encrypt mcrypt_decrypt mcrypt_module_open mcrypt_create_iv",
  "8.0":
    "each create_function get_magic_quotes_gpc get_magic_quotes_runtime money_format is_real hebrevc convert_cyr_string ezmlm_hash restore_include_path image2wbmp jpeg2wbmp png2wbmp ldap_sort ldap_control_paged_result ldap_control_paged_result_response mbregex_encoding mbereg mberegi fgetss gzgetss gmp_random imap_header read_exif_data",
};

/** Removed functions by lower-case name, with the version that lacks them. */
export const removedFunctions: ReadonlyMap<string, string> = new Map(
  Object.entries(removed).flatMap(([version, names]) => names.split(" ").map((name): [string, string] => [name, version])),
);
