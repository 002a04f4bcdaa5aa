import type { Strategy } from "../../catalog/dataset-presets/dataset-rules.ts";
import { kindOf } from "../compile/column-kind.ts";
import type { ColumnSchema, TableSchema } from "../database-schema.ts";

/** What a column's name says. */
export interface NameEvidence {
  readonly strategy: Strategy;
  /** As evidence is printed: `named like a surname (nachname)`. */
  readonly because: string;
}

interface Known {
  readonly strategy: Strategy;
  readonly what: string;
  /** Words of a name: `billing_last_name` has the words billing, last, name. Two words mean both, one after the other. */
  readonly words: readonly string[];
}

/** In English, German, French, Spanish and Italian. The first that fits decides: so narrower ones stand first. */
const known: readonly Known[] = [
  {
    strategy: "clear",
    what: "a secret",
    words: [
      "token",
      "secret",
      "api key",
      "apikey",
      "private key",
      "session id",
      "sessionid",
      "nonce",
      "otp",
      "totp",
      "activation key",
      "remember",
      "recovery",
      "reset key",
      "geheimnis",
      "jeton",
    ],
  },
  {
    strategy: "password",
    what: "a password",
    words: ["password", "passwd", "passwort", "kennwort", "pass", "pwd", "mot de passe", "motdepasse", "contrasena", "contraseña", "clave"],
  },
  { strategy: "email", what: "an e-mail address", words: ["email", "e mail", "mail", "correo", "courriel", "mailadresse", "emailadresse"] },
  { strategy: "iban", what: "an IBAN", words: ["iban", "kontonummer", "account number"] },
  {
    strategy: "mask",
    what: "a card or an identity number",
    words: [
      "card number",
      "cardnumber",
      "cc number",
      "kreditkarte",
      "ssn",
      "steuernummer",
      "steuer id",
      "steuerid",
      "tax number",
      "vat",
      "ustid",
      "nif",
      "codice fiscale",
      "passport",
      "ausweis",
      "matrikelnummer",
      "matriculation number",
    ],
  },
  {
    strategy: "phone",
    what: "a telephone number",
    words: [
      "phone",
      "telephone",
      "telefon",
      "telefonnummer",
      "tel",
      "mobile",
      "mobil",
      "handy",
      "fax",
      "privatnr",
      "privatcell",
      "cell",
      "telefono",
      "móvil",
      "movil",
      "portable",
      "cellulare",
    ],
  },
  {
    strategy: "ip",
    what: "a network address",
    words: ["ip", "ipaddress", "ip address", "ip adresse", "remote addr", "remoteaddr", "client addr"],
  },
  {
    strategy: "first-name",
    what: "a first name",
    words: [
      "first name",
      "firstname",
      "fname",
      "vorname",
      "vornamen",
      "given name",
      "givenname",
      "prenom",
      "prénom",
      "nombre",
      "nome",
      "billing first",
    ],
  },
  {
    strategy: "last-name",
    what: "a last name",
    words: [
      "last name",
      "lastname",
      "lname",
      "nachname",
      "surname",
      "family name",
      "familyname",
      "familienname",
      "nom de famille",
      "apellido",
      "apellidos",
      "cognome",
    ],
  },
  {
    strategy: "user-name",
    what: "a user name",
    words: [
      "user name",
      "username",
      "login",
      "nickname",
      "nicename",
      "benutzername",
      "user login",
      "usuario",
      "utilisateur",
      "utente",
      "nick",
    ],
  },
  {
    strategy: "company",
    what: "a company",
    words: [
      "company",
      "firma",
      "unternehmen",
      "organisation",
      "organization",
      "employer",
      "arbeitgeber",
      "empresa",
      "societe",
      "société",
      "azienda",
    ],
  },
  {
    strategy: "street",
    what: "a street",
    words: [
      "street",
      "strasse",
      "straße",
      "address",
      "adresse",
      "anschrift",
      "address1",
      "address2",
      "addr1",
      "direccion",
      "dirección",
      "rue",
      "calle",
      "indirizzo",
      "via",
      "privadr",
    ],
  },
  { strategy: "city", what: "a town", words: ["city", "stadt", "ort", "wohnort", "town", "ciudad", "ville", "citta", "città"] },
  {
    strategy: "postcode",
    what: "a postcode",
    words: ["zip", "postcode", "postal code", "postalcode", "plz", "postleitzahl", "code postal", "cap"],
  },
  {
    strategy: "full-name",
    what: "a person's name",
    words: [
      "display name",
      "full name",
      "fullname",
      "real name",
      "realname",
      "author name",
      "customer name",
      "kunde",
      "ansprechpartner",
      "contact name",
      "recipient",
      "empfaenger",
      "empfänger",
      "author",
      "autor",
      "owner name",
      "nom",
      "nombre completo",
    ],
  },
  {
    strategy: "shift-date",
    what: "a date of birth",
    words: [
      "birth",
      "birthday",
      "birthdate",
      "dob",
      "date of birth",
      "geburtstag",
      "geburtsdatum",
      "geburt",
      "naissance",
      "nacimiento",
      "nascita",
    ],
  },
  { strategy: "clear", what: "a place", words: ["latitude", "longitude", "geo"] },
  {
    strategy: "text",
    what: "free text",
    words: [
      "note",
      "notes",
      "comment",
      "comments",
      "message",
      "body",
      "content",
      "description",
      "bio",
      "biography",
      "remark",
      "bemerkung",
      "kommentar",
      "nachricht",
      "notiz",
      "text",
      "user agent",
      "useragent",
      "agent",
      "referer",
      "subject",
      "betreff",
      "payload",
      "data",
      "meta",
      "value",
      "options",
      "settings",
      "properties",
      "log",
      "query",
    ],
  },
];

/** What a name of a column lets one expect; undefined: nothing personal. Types that can't hold it are not asked. */
export function columnNameEvidence(column: ColumnSchema): NameEvidence | undefined {
  const kind = kindOf(column);
  return nameEvidence(column.name, (strategy) => canHold(strategy, kind));
}

const OF_PEOPLE: readonly Strategy[] = ["email", "password", "first-name", "last-name"];

/** The same in its table: `name` is a person's where an address or a password stands beside it, and a product's elsewhere. */
export function columnEvidence(column: ColumnSchema, { columns }: Pick<TableSchema, "columns">): NameEvidence | undefined {
  const own = columnNameEvidence(column);
  if (own !== undefined || !/^(name|nom|nombre|nome)$/i.test(column.name) || !canHold("full-name", kindOf(column))) return own;
  const beside = columns.find((other) => OF_PEOPLE.includes(columnNameEvidence(other)?.strategy ?? "keep"));
  return beside && { strategy: "full-name", because: `it is a name beside ${beside.name}` };
}

/** The same of a key inside JSON or serialized PHP. */
export function nameEvidence(name: string, fits: (strategy: Strategy) => boolean = () => true): NameEvidence | undefined {
  const words = wordsOf(name);
  const [spoken, joined] = [` ${words.join(" ")} `, words.join("")];
  for (const { strategy, what, words: names } of known) {
    const found = names.find((one) => spoken.includes(` ${one} `) || joined === one.replaceAll(" ", ""));
    if (found !== undefined && fits(strategy)) return { strategy, because: `its name is that of ${what} (${found})` };
  }
  return undefined;
}

function canHold(strategy: Strategy, kind: ReturnType<typeof kindOf>): boolean {
  if (strategy === "shift-date") return kind === "date";
  if (strategy === "clear") return kind !== "date" && kind !== "choice";
  return kind === "text" || kind === "bytes" || (strategy === "ip" && kind === "address");
}

/** `billingLastName2` and `billing_last_name` have the words billing, last, name. */
function wordsOf(name: string): string[] {
  return name
    .slice(0, 64)
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, "_")
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word !== "");
}
