import type { WhenRule } from "./dataset-rules.ts";

/** What WooCommerce writes of buyers under keys, of users and of orders alike. */
export function buyerKeys(lead: string): readonly WhenRule[] {
  const keys = (names: string): string[] => names.split(" ").flatMap((name) => [`${lead}billing_${name}`, `${lead}shipping_${name}`]);
  const when = (names: string): WhenRule["when"] => ({ column: "meta_key", is: keys(names) });
  return [
    { when: when("first_name"), use: "first-name" },
    { when: when("last_name"), use: "last-name" },
    { when: when("company"), use: "company" },
    { when: when("address_1"), use: "street" },
    { when: when("address_2 address_index"), use: "clear" },
    { when: when("city"), use: "city" },
    { when: when("postcode"), use: "postcode" },
    { when: when("phone"), use: "phone" },
    { when: when("email"), use: "email" },
    { when: when("country state"), use: "keep" },
  ];
}

/** Names of settings that let one in somewhere. */
export const secretSettings: readonly string[] = [
  "%api_key%",
  "%apikey%",
  "%secret%",
  "%token%",
  "%password%",
  "%passwd%",
  "%license%",
  "%private_key%",
  "%credential%",
  "%auth_key",
  "%_salt",
  "%_pass",
];
